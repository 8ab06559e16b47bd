package main

import "github.com/smtpbl/smtpbl/policy"

func ofExim(title, head string, rows []row) section {
	return section{
		title: title, service: policy.Exim, head: head, rows: rows,
		usual: []string{"exim"}, strict: []string{"exim[mode=aggressive]"},
	}
}

const mainlog = "2026-11-24 10:00:00 "

func eximFailures() section {
	const ending = ": 535 Incorrect authentication data"
	return ofExim("Exim: failed logins in the main log", "", []row{
		{"HELO and address", mainlog + "plain authenticator failed for (x) [192.0.2.1]" + ending, failed},
		{"with the user name", mainlog + "login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al@example.com)", failed},
		{"client with a reverse name", mainlog + "login authenticator failed for dsl.client.example [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"reverse name and HELO", mainlog + "login authenticator failed for dsl.client.example (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"address alone", mainlog + "login authenticator failed for [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"with a port", mainlog + "login authenticator failed for (x) [192.0.2.1]:48123" + ending + " (set_id=al)", failed},
		{"with our interface and port", mainlog + "login authenticator failed for (x) [192.0.2.1]:48123 I=[203.0.113.25]:587" + ending + " (set_id=al)", failed},
		{"HELO that is an address literal", mainlog + "login authenticator failed for ([203.0.113.25]) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"IPv6", mainlog + "login authenticator failed for (x) [2001:db8::1]:48123" + ending + " (set_id=al)", "auth_fail 2001:db8::1"},
		{"authenticator of Debian", mainlog + "login_server authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"authenticator of cPanel", mainlog + "dovecot_login authenticator failed for (x) [192.0.2.1]:48123" + ending + " (set_id=al)", failed},
		{"authenticator with a hyphen", mainlog + "auth-plain authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"answer of identd", mainlog + "login authenticator failed for (x) [192.0.2.1] U=ident" + ending + " (set_id=al)", failed},
		{"4.99 and later: `H=`", mainlog + "login authenticator failed for H=(x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"4.99 and later: reverse name, port, interface", mainlog + "login authenticator failed for H=dsl.client.example (x) [192.0.2.1]:48123 I=[203.0.113.25]:587" + ending + " (set_id=al)", failed},
		{"4.99 and later: connection's name", mainlog + "login authenticator failed for H=(x) [192.0.2.1] Ci=4711" + ending + " (set_id=al)", failed},
		{"`log_selector = +pid`", mainlog + "[7] login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"`log_selector = +millisec`", "2026-11-24 10:00:00.123 login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"`log_timezone`", "2026-11-24 10:00:00 +0100 login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"`log_timezone` and `+pid`", "2026-11-24 10:00:00 +0100 [7] login authenticator failed for (x) [192.0.2.1]" + ending + " (set_id=al)", failed},
		{"rubbish", mainlog + "login authenticator failed for (x) [192.0.2.1]: 501 Invalid base64 data", failed},
		{"our own backend is down", mainlog + "login authenticator failed for (x) [192.0.2.1]: 435 Unable to authenticate at present (set_id=al)", fault},
		{"the same with a reason", mainlog + "login authenticator failed for (x) [192.0.2.1]: 435 Unable to authenticate at present (set_id=al): failed to connect to socket", fault},
	})
}

func eximOthers() section {
	return ofExim("Exim: everything else in the main log", mainlog, []row{
		{"login that worked", "1tFZaX-0000000Ab1C-2d3E <= al@example.com H=(x) [192.0.2.1]:48123 P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=login_server:al S=512", accepted},
		{"login that worked, before 4.97", "1ahr79-0006jK-G9 <= al@example.com H=dsl.client.example (x) [192.0.2.1] P=esmtpa A=plain:al S=512", accepted},
		{"mail without a login", "1tFZaX-0000000Ab1C-2d3E <= b@there.example H=mail.there.example [192.0.2.1] P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=512", nothing},
		{"login given up", "login authenticator failed for (x) [192.0.2.1]: 501 Authentication cancelled", abused},
		{"AUTH where none is offered", `SMTP protocol error in "AUTH LOGIN" H=(x) [192.0.2.1] AUTH command used when not advertised`, failed},
		{"relaying", "H=(x) [192.0.2.1] F=<b@here.example> rejected RCPT <a@there.example>: relay not permitted", abused},
		{"too many commands", `SMTP call from (x) [192.0.2.1] dropped: too many nonmail commands (last was "AUTH")`, abused},
		{"talks before it is greeted", `SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[192.0.2.1] input="GET / HTTP/1.1\r\n"`, abused},
		{"HELO that is no name", "rejected EHLO from [192.0.2.1]: syntactically invalid argument(s): [198.51.100.77] x", abused},
		{"no such mailbox", "H=mail.there.example [192.0.2.1] F=<b@there.example> rejected RCPT <al@here.example>: Unrouteable address", abused},
		{"our own login at a relay failed", "1tFZaX-0000000Ab1C-2d3E plain authenticator failed H=mx.there.example [192.0.2.1] 535 Incorrect authentication data", nothing},
		{"a name that is missing", "no host name found for IP address 192.0.2.1", either},
		{"a connection", "SMTP connection from (x) [192.0.2.1] closed by QUIT", nothing},
	})
}
