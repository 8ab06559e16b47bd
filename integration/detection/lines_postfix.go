package main

import "github.com/smtpbl/smtpbl/policy"

func ofPostfix(title, head string, rows []row) section {
	return section{
		title: title, service: policy.Postfix, head: head, rows: rows,
		usual: []string{"postfix[mode=auth]"}, strict: []string{"postfix[mode=aggressive]"},
	}
}

func postfixFailures() section {
	const ending = "SASL LOGIN authentication failed: UGFzc3dvcmQ6"
	return ofPostfix("Postfix: failed logins, by service, client and mechanism", bsd, []row{
		{"port 25, client without a reverse name", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"client with a reverse name", "postfix/smtpd[7]: warning: dsl.client.example[192.0.2.1]: " + ending, failed},
		{"port 587, `submission`", "postfix/submission/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"port 465, `smtps`", "postfix/smtps/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"port 465, `submissions`", "postfix/submissions/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"port 587, client with a reverse name", "postfix/submission/smtpd[7]: warning: dsl.client.example[192.0.2.1]: " + ending, failed},
		{"service named by its port", "postfix/smtp-25/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"service named by its number", "postfix/10025/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"service behind postscreen", "postfix/smtp/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"second instance", "postfix-out/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"second instance, port 587", "postfix-out/submission/smtpd[7]: warning: unknown[192.0.2.1]: " + ending, failed},
		{"`smtpd_client_port_logging`", "postfix/smtpd[7]: warning: unknown[192.0.2.1]:48123: " + ending, failed},
		{"the same with IPv6", "postfix/smtpd[7]: warning: unknown[2001:db8::1]:48123: " + ending, "auth_fail 2001:db8::1"},
		{"IPv6", "postfix/smtpd[7]: warning: unknown[2001:db8::1]: " + ending, "auth_fail 2001:db8::1"},
		{"IPv6 client with a reverse name", "postfix/smtpd[7]: warning: v6.client.example[2001:db8:0:1::2]: " + ending, "auth_fail 2001:db8:0:1::2"},
		{"mechanism in lower case", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL login authentication failed: UGFzc3dvcmQ6", failed},
		{"mechanism PLAIN", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: ", failed},
		{"mechanism CRAM-MD5", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL CRAM-MD5 authentication failed: PDQ3MTFAbXguZXhhbXBsZT4=", failed},
		{"mechanism DIGEST-MD5", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL DIGEST-MD5 authentication failed: authentication failure", failed},
		{"mechanism NTLM", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL NTLM authentication failed: authentication failure", failed},
		{"mechanism GSSAPI", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL GSSAPI authentication failed: authentication failure", failed},
		{"mechanism XOAUTH2", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL XOAUTH2 authentication failed: eyJzdGF0dXMiOiI0MDAifQ==, sasl_username=al@example.com", failed},
		{"mechanism OAUTHBEARER", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL OAUTHBEARER authentication failed: (reason unavailable), sasl_username=al@example.com", failed},
		{"mechanism SCRAM-SHA-256", "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL SCRAM-SHA-256 authentication failed: (reason unavailable), sasl_username=al", failed},
	})
}

func postfixReasons() section {
	return ofPostfix("Postfix: failed logins, by reason", bsd+"postfix/smtpd[7]: ", []row{
		{"no reason at all (very old)", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed", failed},
		{"user name asked for", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: VXNlcm5hbWU6", failed},
		{"3.9 and later, 3.5.23 …: user name", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=al@example.com", failed},
		{"reason and user name", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=al", failed},
		{"user name with blanks and commas", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=al, or [not] al", failed},
		{"user name in UTF-8", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=jürgen", failed},
		{"empty user name", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=", failed},
		{"Cyrus SASL: wrong password", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: authentication failure", failed},
		{"Cyrus SASL: no such user", "warning: unknown[192.0.2.1]: SASL CRAM-MD5 authentication failed: user not found", failed},
		{"Cyrus SASL: broken off", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: bad protocol / cancel", failed},
		{"Cyrus SASL: unfinished", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: another step is needed in authentication", failed},
		{"Cyrus SASL: no such mechanism", "warning: unknown[192.0.2.1]: SASL NTLM authentication failed: no mechanism available", failed},
		{"rubbish at once", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Invalid base64 data in initial response", failed},
		{"rubbish later", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: Invalid base64 data in continued response", failed},
		{"mechanism that is not offered", "warning: unknown[192.0.2.1]: SASL NTLM authentication failed: Invalid authentication mechanism", failed},
		{"the same since 3.10", "warning: unknown[192.0.2.1]: SASL NTLM authentication failed: Invalid authentication mechanism: 'NTLM', sasl_username=(unavailable)", failed},
		{"our Dovecot is gone", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: Connection lost to authentication server", fault},
		{"the same with a user name", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Connection lost to authentication server, sasl_username=al", fault},
		{"our Dovecot is not running", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: Can't connect to authentication server", fault},
		{"our Dovecot talks nonsense", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: Authentication backend error", fault},
		{"our Dovecot is still away", "warning: SASL: Connect to Dovecot auth socket 'private/auth' failed: No such file or directory\nwarning: unknown[192.0.2.1]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=(unavailable)", fault},
		{"our saslauthd is down", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: generic failure", fault},
		{"our password server is down", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: remote authentication server unavailable", fault},
		{"a login that Dovecot cannot read", "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=(unavailable)", failed},
	})
}

func postfixSessions() section {
	const session = "session 192.0.2.1 ×"
	return ofPostfix("Postfix: what a connection's end tells (counts only what was not told before)", bsd+"postfix/smtpd[7]: ", []row{
		{"only the counter tells of a failure", "disconnect from unknown[192.0.2.1] ehlo=1 auth=0/1 quit=1 commands=2/3", session + "1"},
		{"the same, client with a reverse name", "disconnect from dsl.client.example[192.0.2.1] ehlo=1 auth=0/1 quit=1 commands=2/3", session + "1"},
		{"the same with a port", "disconnect from unknown[192.0.2.1]:48123 ehlo=1 auth=0/1 rset=1 commands=2/3", session + "1"},
		{"several failures", "disconnect from unknown[192.0.2.1] ehlo=1 auth=0/12 commands=1/13", session + "12"},
		{"a failure, then a login", "disconnect from unknown[192.0.2.1] ehlo=1 auth=1/2 mail=1 rcpt=1 data=1 quit=1 commands=6/7", session + "1"},
		{"a login without mail", "disconnect from unknown[192.0.2.1] ehlo=1 auth=1 quit=1 commands=3", session + "0"},
		{"no login tried", "disconnect from unknown[192.0.2.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4", nothing},
		{"before 3.0: no counters", "disconnect from unknown[192.0.2.1]", nothing},
		{"hung up after AUTH: no verdict", "lost connection after AUTH from unknown[192.0.2.1]", either},
		{"the same since 3.10", "NOQUEUE: lost connection after AUTH from unknown[192.0.2.1]", either},
		{"fell asleep after AUTH: no verdict", "timeout after AUTH from unknown[192.0.2.1]", either},
		{"hung up after CONNECT", "lost connection after CONNECT from unknown[192.0.2.1]", either},
	})
}
