package main

func postfixOthers() section {
	return ofPostfix("Postfix: logins that worked, and abuse", bsd+"postfix/smtpd[7]: ", []row{
		{"login that worked", "4F2A1B3C5D: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al@example.com", accepted},
		{"the same with a long queue id", "4WqXyZ1kz9zJ8v: client=dsl.client.example[192.0.2.1], sasl_method=LOGIN, sasl_username=al", accepted},
		{"the same with a sender", "4F2A1B3C5D: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al, sasl_sender=al@example.com", accepted},
		{"the same with a port", "NOQUEUE: client=unknown[192.0.2.1]:48123, sasl_method=PLAIN, sasl_username=al", accepted},
		{"login given up", "warning: unknown[192.0.2.1]: SASL LOGIN authentication aborted", abused},
		{"relaying", "NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@there.example>: Relay access denied; from=<b@here.example> to=<a@there.example> proto=ESMTP helo=<x>", abused},
		{"relaying, refused for now", "NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 454 4.7.1 <a@there.example>: Relay access denied; from=<b@here.example> to=<a@there.example> proto=ESMTP helo=<x>", abused},
		{"no such mailbox", "NOQUEUE: reject: RCPT from mail.there.example[192.0.2.1]: 550 5.1.1 <al@here.example>: Recipient address rejected: User unknown in local recipient table; from=<b@there.example> to=<al@here.example> proto=ESMTP helo=<mail.there.example>", abused},
		{"too many errors", "too many errors after AUTH from unknown[192.0.2.1]", abused},
		{"too many errors, since 3.10", "NOQUEUE: too many errors after AUTH from unknown[192.0.2.1]", abused},
		{"pipelining", `improper command pipelining after EHLO from unknown[192.0.2.1]: MAIL FROM:<a@there.example>\r\n`, abused},
		{"pipelining, old form", "improper command pipelining after RSET from unknown[192.0.2.1]", abused},
		{"HTTP spoken to a mail server", "warning: non-SMTP command from unknown[192.0.2.1]: GET / HTTP/1.1", abused},
		{"over the rate of AUTH commands", "warning: AUTH command rate limit exceeded: 12 from unknown[192.0.2.1] for service smtp", abused},
	})
}

func postfixNoEvents() section {
	return ofPostfix("Postfix: lines that must not count", bsd, []row{
		{"a connection", "postfix/smtpd[7]: connect from unknown[192.0.2.1]", nothing},
		{"mail without a login", "postfix/smtpd[7]: 4F2A1B3C5D: client=mail.there.example[192.0.2.1]", nothing},
		{"greylisted", "postfix/smtpd[7]: NOQUEUE: reject: RCPT from mail.there.example[192.0.2.1]: 450 4.2.0 <al@here.example>: Recipient address rejected: Greylisted; from=<b@there.example> to=<al@here.example> proto=ESMTP helo=<mail.there.example>", nothing},
		{"our user may not use that sender", "postfix/submission/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 553 5.7.1 <b@here.example>: Sender address rejected: not owned by user al; from=<b@here.example> to=<c@there.example> proto=ESMTP helo=<x> sasl_method=PLAIN sasl_username=al", nothing},
		{"client without an address", "postfix/smtpd[7]: warning: unknown[unknown]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", nothing},
		{"Cyrus SASL's own warning, without a client", "postfix/smtpd[7]: warning: SASL authentication failure: Password verification failed", nothing},
		{"our Dovecot's socket is missing", "postfix/smtpd[7]: warning: SASL: Connect to private/auth failed: No such file or directory", nothing},
		{"no mechanisms configured", "postfix/smtpd[7]: fatal: no SASL authentication mechanisms", nothing},
		{"a name that does not resolve", "postfix/smtpd[7]: warning: hostname dsl.client.example does not resolve to address 192.0.2.1: Name or service not known", either},
		{"TLS that failed", "postfix/smtps/smtpd[7]: SSL_accept error from unknown[192.0.2.1]: lost connection", either},
		{"anvil's statistics", "postfix/anvil[7]: statistics: max connection rate 3/60s for (smtpd:192.0.2.1) at Nov 24 09:56:40", nothing},
		{"our own login at a relay failed", "postfix/smtp[7]: 4F2A1B3C5D: to=<a@there.example>, relay=mx.there.example[192.0.2.1]:587, delay=1, delays=0/0/1/0, dsn=4.7.8, status=deferred (SASL authentication failed; server mx.there.example[192.0.2.1] said: 535 5.7.8 Error: authentication failed)", nothing},
		{"the same as a warning", "postfix/smtp[7]: warning: SASL authentication failed; server mx.there.example[192.0.2.1] said: 535 5.7.8 Error: authentication failed", nothing},
		{"the queue manager repeats it", "postfix/qmgr[7]: warning: SASL authentication failed; server mx.there.example[192.0.2.1] said: 535 5.7.8 no", nothing},
	})
}
