package main

func eximAttacks() section {
	const ending = ": 535 Incorrect authentication data"
	return ofExim("Exim: text that the client chose", mainlog, []row{
		{"user name that closes the bracket, behind a HELO that could hold it too: two readings, so none", "login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=y) [198.51.100.77]: 535 Incorrect authentication data (set_id=z)", either},
		{"user name that closes the bracket (sshguard takes its address)", "login authenticator failed for dsl.client.example [192.0.2.1]" + ending + " (set_id=y) [198.51.100.77]: 535 Incorrect authentication data (set_id=z)", failed},
		{"user name that is a whole line", "login authenticator failed for dsl.client.example [192.0.2.1]" + ending + " (set_id=login authenticator failed for (x) [198.51.100.77]: 535 Incorrect authentication data)", failed},
		{"user name with a bracket", "login authenticator failed for dsl.client.example [192.0.2.1]" + ending + " (set_id=rap's :) [198.51.100.77])", failed},
		{"user name that excuses itself", "login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=: 435 Unable to authenticate at present)", failed},
		{"HELO that is another's address literal", "login authenticator failed for ([198.51.100.77]) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"answer of identd that names another (readers of Exim's old form)", "login authenticator failed for (x) [192.0.2.1] U=[198.51.100.77]" + ending + " (set_id=al)", failed},
		{"command with a quote, which old versions let through", `SMTP protocol error in "AUTH LOGIN" H=(x) [198.51.100.77]" H=(y) [192.0.2.1] AUTH command used when not advertised`, failed},
		{"command that is a whole line", `SMTP syntax error in "login authenticator failed for [198.51.100.77]: 535 Incorrect authentication data" H=(x) [192.0.2.1] unrecognized command`, either},
		{"sender that is a whole line", `H=(x) [192.0.2.1] F=<"login authenticator failed for [198.51.100.77]: 535 Incorrect authentication data"@there.example> rejected RCPT <al@here.example>: Unrouteable address`, abused},
		{"subject of a mail", `1tFZaX-0000000Ab1C-2d3E <= b@there.example H=mail.there.example [192.0.2.1] P=esmtp S=512 T="login authenticator failed for (x) [198.51.100.77]: 535 Incorrect authentication data"`, nothing},
	})
}

func eximSyslog() section {
	const message = "login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data (set_id=al)"
	return ofExim("Exim: through syslog", bsd, []row{
		{"tag `exim`", "exim[7]: " + message, failed},
		{"tag `exim4`", "exim4[7]: " + message, failed},
		{"with Exim's own stamp too", "exim[7]: 2026-11-24 10:00:00 " + message, failed},
		{"with a process number", "exim[7]: [7] " + message, failed},
		{"with both", "exim[7]: 2026-11-24 10:00:00 [7] " + message, failed},
		{"the main log's and the reject log's line (`syslog_duplication`, on by default)", "exim[7]: " + message + "\nexim[7]: " + message, failed},
		{"first part of a long message", "exim[7]: [1/2] login authenticator failed for [192.0.2.1]: 535 Incorrect authentication data (set_id=al", failed},
		{"first part of a long message, HELO name before the address", "exim[7]: [1/2] login authenticator failed for (x) [198.51.100.77]: 535 Incorrect authentication data (set_id=al", nothing},
		{"last part of a long message", "exim[7]: [2/2] login authenticator failed for [198.51.100.77]: 535 Incorrect authentication data", nothing},
		{"a tab after the authenticator", "exim[7]: login\tauthenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data (set_id=al)", failed},
	})
}
