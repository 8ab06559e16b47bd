package main

func headers() section {
	const (
		tail    = "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"
		message = "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"
	)
	return ofPostfix("What stands before the message", "", []row{
		{"RFC 3164", "Nov 24 10:00:00 mx.here.example " + tail, failed},
		{"RFC 3164, day of one digit", "Nov  4 10:00:00 mx " + tail, failed},
		{"RFC 3339 with microseconds (Debian 12, Ubuntu 24.04)", "2026-11-24T10:00:00.123456+01:00 mx " + tail, failed},
		{"RFC 3339 in UTC", "2026-11-24T10:00:00.123456Z mx " + tail, failed},
		{"RFC 3339 with whole seconds", "2026-11-24T10:00:00+01:00 mx " + tail, failed},
		{"`journalctl -o short-iso`", "2026-11-24T10:00:00+0100 mx " + tail, failed},
		{"container as host", "Nov 24 10:00:00 mail-6467bff798-nptxm " + tail, failed},
		{"metalog", "Nov 24 10:00:00 [postfix/smtpd] " + message, failed},
		{"carriage return at the end", "Nov 24 10:00:00 mx " + tail + "\r", failed},
		{"docker's json-file", `{"log":"Nov 24 10:00:00 mx ` + tail + `\n","stream":"stdout","time":"2026-11-24T10:00:00.123456789Z"}`, failed},
		{"`docker logs --timestamps`", "2026-11-24T10:00:00.123456789Z Nov 24 10:00:00 mx " + tail, failed},
		{"docker compose", "postfix-mailcow-1  | Nov 24 10:00:00 mx " + tail, failed},
		{"rsyslog's repetition", "Nov 24 10:00:00 mx postfix/smtpd[7]: message repeated 3 times: [ " + message + "]", failed + " ×3"},
		{"repetition of a fault of ours", "Nov 24 10:00:00 mx postfix/smtpd[7]: message repeated 3 times: [ warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: Connection lost to authentication server]", fault},
		{"client that writes of a repetition", "Nov 24 10:00:00 mx postfix/smtpd[7]: warning: non-SMTP command from unknown[192.0.2.1]: message repeated 3 times: [ warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x]", abused},
		{"another program with the same words", "Nov 24 10:00:00 mx myapp[7]: " + message, nothing},
		{"the words in another program's line", "Nov 24 10:00:00 mx myapp[7]: saw " + tail, nothing},
	})
}
