package main

func postscreen() section {
	return ofPostfix("Postfix: postscreen, which never offers AUTH", bsd+"postfix/postscreen[7]: ", []row{
		{"talks before it is greeted", `PREGREET 11 after 0.05 from [192.0.2.1]:48123: EHLO x\r\n`, abused},
		{"HTTP spoken to a mail server", "NON-SMTP COMMAND from [192.0.2.1]:48123 after CONNECT: GET / HTTP/1.1", abused},
		{"pipelining", `COMMAND PIPELINING from [192.0.2.1]:48123 after EHLO: MAIL FROM:<a@there.example>\r\n`, abused},
		{"a connection", "CONNECT from [192.0.2.1]:48123 to [203.0.113.25]:25", nothing},
		{"passed", "PASS NEW [192.0.2.1]:48123", nothing},
		{"on a list of others", "DNSBL rank 5 for [192.0.2.1]:48123", abused},
		{"hung up", "HANGUP after 0.5 from [192.0.2.1]:48123 in tests after SMTP handshake", either},
		{"must come again later, by design", "NOQUEUE: reject: RCPT from [192.0.2.1]:48123: 450 4.3.2 Service currently unavailable; from=<a@there.example>, to=<al@here.example>, proto=ESMTP, helo=<mail.there.example>", nothing},
		{"our own server is busy", "NOQUEUE: reject: CONNECT from [192.0.2.1]:48123: all server ports busy", nothing},
		{"greeting that is a whole line", `PREGREET 90 after 0 from [192.0.2.1]:48123: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x\r\n`, abused},
		{"greeting that names another", `PREGREET 30 after 0 from [192.0.2.1]:48123: EHLO from [198.51.100.9]:25: x\r\n`, abused},
		{"HELO that is a whole line", "NOQUEUE: reject: RCPT from [192.0.2.1]:48123: 450 4.3.2 Service currently unavailable; from=<>, to=<al@here.example>, proto=SMTP, helo=<PREGREET 9 after 0 from [198.51.100.9]:25: x>", either},
	})
}
