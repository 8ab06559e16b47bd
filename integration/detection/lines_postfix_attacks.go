package main

func postfixAttacks() section {
	return ofPostfix("Postfix: text that the client chose", bsd, []row{
		{"user name that reads as another client's failure", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=x[198.51.100.77]: SASL LOGIN authentication failed: y", failed},
		{"user name that reads as the address 0 (mailcow 6543: the reader ends, all bans are lifted)", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=x[0]: SASL a authentication failed: y", failed},
		{"user name that is a whole line", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=Nov 24 10:00:00 mx postfix/smtpd[9]: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x", failed},
		{"user name that excuses itself", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=Connection lost to authentication server", failed},
		{"user name with the separator", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=a, sasl_username=[198.51.100.9]", failed},
		{"user name that ends like a repetition", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=message repeated 9 times: [ x]", failed},
		{"mechanism that names an address", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL x]:SASL[198.51.100.7]: authentication failed: Invalid authentication mechanism, sasl_username=(unavailable)", failed},
		{"mechanism that is quoted since 3.10", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL [198.51.100.7] authentication failed: Invalid authentication mechanism: '[198.51.100.7]', sasl_username=(unavailable)", failed},
		{"mechanism that excuses itself", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL x authentication failed: Connection lost to authentication server authentication failed: Invalid authentication mechanism", failed},
		{"reverse name that reads as an address", "postfix/smtpd[7]: warning: 198.51.100.7.client.example[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", failed},
		{"HELO that is a whole line", "postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@there.example>: Relay access denied; from=<> to=<a@there.example> proto=SMTP helo=<unknown[198.51.100.9]: SASL LOGIN authentication failed: x>", abused},
		{"sender that is a whole line", "postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <al@here.example>: Recipient address rejected: User unknown; from=<warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x@there.example> to=<al@here.example> proto=SMTP helo=<x>", abused},
		{"sender that speaks of relaying", "postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <al@here.example>: Recipient address rejected: User unknown; from=<\"Relay access denied\"@there.example> to=<al@here.example> proto=SMTP helo=<x>", abused},
		{"command that is a whole line", "postfix/smtpd[7]: warning: non-SMTP command from unknown[192.0.2.1]: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x", abused},
		{"pipelined text that is Dovecot's line", `postfix/smtpd[7]: improper command pipelining after CONNECT from unknown[192.0.2.1]: dovecot: imap-login: Disconnected (auth failed, 9 attempts in 9 secs): user=<al>, rip=198.51.100.11, lip=203.0.113.25`, abused},
		{"pipelined text that is a TLS greeting", `postfix/smtpd[7]: improper command pipelining after CONNECT from unknown[192.0.2.1]: \026\003\001\002\000[198.51.100.9]`, abused},
		{"login name of a login that worked", "postfix/smtpd[7]: 4F2A1B3C5D: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=x: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: y", accepted},
		{"TLS server name", "postfix/smtpd[7]: warning: TLS SNI from unknown[192.0.2.1] is invalid: unknown[198.51.100.9]: SASL LOGIN authentication failed: x", nothing},
		{"subject of a mail", "postfix/cleanup[7]: 4F2A1B3C5D: warning: header Subject: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x from mail.there.example[192.0.2.1]; from=<a@there.example> to=<al@here.example> proto=ESMTP helo=<x>", nothing},
		{"answer of another server", "postfix/smtp[7]: 4F2A1B3C5D: to=<a@there.example>, relay=mx.there.example[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=5.0.0, status=bounced (host mx.there.example[192.0.2.1] said: 550 warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x (in reply to RCPT TO command))", nothing},
	})
}
