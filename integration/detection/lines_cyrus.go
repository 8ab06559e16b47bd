package main

import "github.com/smtpbl/smtpbl/policy"

func cyrus() section {
	return section{
		title: "Cyrus IMAP", service: policy.Cyrus, head: bsd,
		usual: []string{"cyrus-imap", "sieve"}, strict: []string{"cyrus-imap", "sieve"},
		rows: []row{
			{"plain text login", "imap[7]: badlogin: dsl.client.example [192.0.2.1] plaintext al SASL(-13): authentication failure: checkpass failed", failed},
			{"SASL", "imaps[7]: badlogin: [192.0.2.1] PLAIN [SASL(-13): authentication failure: Password verification failed]", failed},
			{"SASL, no such user", "cyrus/imaps[7]: badlogin: dsl.client.example [192.0.2.1] DIGEST-MD5 [SASL(-13): user not found: no secret in database]", failed},
			{"SASL, 3.2 and later: user name", "cyrus/imap[7]: badlogin: [192.0.2.1] CRAM-MD5 (al) [SASL(-13): authentication failure: incorrect digest response]", failed},
			{"POP3, IPv6", "pop3[7]: badlogin: [2001:db8::1] plaintext al SASL(-13): authentication failure: checkpass failed", "auth_fail 2001:db8::1"},
			{"invalid user", "imap[7]: badlogin: dsl.client.example [192.0.2.1] plaintext al invalid user", failed},
			{"sieve", "sieve[7]: badlogin: dsl.client.example[192.0.2.1] PLAIN authentication failure", failed},
			{"login that worked", "imap[7]: login: dsl.client.example [192.0.2.1] al plaintext User logged in SESSIONID=<mx-7-1-1>", accepted},
			{"over TLS", "imaps[7]: login: [192.0.2.1] al PLAIN+TLS User logged in SESSIONID=<mx-7-1-1>", accepted},
			{"a connection", "imaps[7]: accepted connection", nothing},
			{"user name that names an address", "imap[7]: badlogin: [192.0.2.1] plaintext x [198.51.100.77] plaintext y SASL(-13): authentication failure: checkpass failed", failed},
		},
	}
}
