package main

import "github.com/smtpbl/smtpbl/policy"

func courier() section {
	return section{
		title: "Courier", service: policy.Courier, head: bsd,
		usual: []string{"courier-auth"}, strict: []string{"courier-auth", "courier-smtp"},
		rows: []row{
			{"SMTP", `courieresmtpd: error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH LOGIN al@example.com`, failed},
			{"SMTP, with a port", `courieresmtpd[7]: error,relay=192.0.2.1,port=48123,msg="535 Authentication failed.",cmd: AUTH PLAIN AGFsAHg=`, failed},
			{"SMTP, IPv4 mapped to IPv6", `courieresmtpd: error,relay=::ffff:192.0.2.1,port=48123,msg="535 Authentication failed.",cmd: AUTH LOGIN al`, failed},
			{"SMTP over TLS", `courieresmtpd-ssl: error,relay=192.0.2.1,port=48123,msg="535 Authentication failed.",cmd: AUTH LOGIN al`, failed},
			{"IMAP", "imapd: LOGIN FAILED, user=al, ip=[::ffff:192.0.2.1]", failed},
			{"IMAP over TLS, with a port", "imapd-ssl: LOGIN FAILED, user=al@example.com, ip=[::ffff:192.0.2.1], port=[48123]", failed},
			{"POP3, with the mechanism", "pop3d: LOGIN FAILED, method=PLAIN, ip=[2001:db8::1]", "auth_fail 2001:db8::1"},
			{"login that worked", "imapd: LOGIN, user=al, ip=[::ffff:192.0.2.1], port=[48123], protocol=IMAP", accepted},
			{"a connection", "courieresmtpd: started,ip=[::ffff:192.0.2.1]", nothing},
			{"no such mailbox", "courieresmtpd: error,relay=192.0.2.1,from=<b@there.example>,to=<al@here.example>: 550 User unknown.", abused},
			{"login required", `courieresmtpd: error,relay=192.0.2.1,port=48123,msg="535 Authentication required.",cmd: MAIL FROM:<b@here.example>`, either},
			{"command that names another", `courieresmtpd: error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH LOGIN x error,relay=198.51.100.77,msg="535 Authentication failed.",cmd: AUTH LOGIN y`, failed},
			{"user name that names an address", "imapd: LOGIN FAILED, user=x, ip=[198.51.100.77], ip=[::ffff:192.0.2.1]", failed},
			{"old releases: without a user name", "courierpop3login: LOGIN FAILED, ip=[::ffff:192.0.2.1]", failed},
			{"no such mailbox, since Courier 1", "courieresmtpd: error,relay=192.0.2.1,port=48123,from=<b@there.example>,to=<al@here.example>: 550 User <al> unknown", abused},
			{"sender that is a failure", `courieresmtpd: error,relay=192.0.2.1,from=<b@there.example>,to=<msg="535 Authentication failed.",cmd: x@here.example>: 550 User unknown.`, abused},
		},
	}
}
