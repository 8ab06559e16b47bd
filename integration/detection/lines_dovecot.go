package main

import "github.com/smtpbl/smtpbl/policy"

func ofDovecot(title, head string, rows []row) section {
	return section{
		title: title, service: policy.Dovecot, head: head, rows: rows,
		usual: []string{"dovecot"}, strict: []string{"dovecot[mode=aggressive]"},
	}
}

func dovecotLogins() section {
	return ofDovecot("Dovecot: login processes", bsd+"dovecot: ", []row{
		{"2.3: submission", "submission-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<al@example.com>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS, session=<CvN+E95U>", failed},
		{"2.3: IMAP", "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS, session=<CvN+E95U>", failed},
		{"2.3: POP3, IPv6", "pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=2001:db8::1, lip=2001:db8::25, session=<CvN+E95U>", "auth_fail 2001:db8::1"},
		{"2.3: sieve", "managesieve-login: Disconnected: Too many invalid commands. (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS", failed},
		{"2.3: several attempts in one line", "imap-login: Disconnected (auth failed, 3 attempts in 17 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS", failed + " ×3"},
		{"2.3: a login worked before", "imap-login: Disconnected (auth failed, 1/3 successful auths in 9 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25", failed + " ×2"},
		{"2.1 and before: without a time", "pop3-login: Disconnected (auth failed, 1 attempts): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, secured", failed},
		{"without a user name", "imap-login: Disconnected (auth failed, 1 attempts): method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS: Disconnected", failed},
		{"user name that was cut off", "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<al, method=LOGIN, rip=192.0.2.1, lip=203.0.113.25", failed},
		{"IPv4 mapped to IPv6", "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=::ffff:192.0.2.1, lip=::ffff:203.0.113.25", failed},
		{"OpenSSL's words before the reason", "imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A00009C:SSL routines::http request (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25", failed},
		{"the server behind the proxy refused", "imap-login: Disconnected (proxy dest auth failed): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, session=<CvN+E95U>", failed},
		{"2.4: submission", "submission-login: Login aborted: Inactivity (auth failed, 2 attempts in 5 secs) (auth_failed): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS, session=<CvN+E95U>", failed + " ×2"},
		{"2.4: IMAP", "imap-login: Login aborted: Logged out (auth failed, 1 attempts in 5 secs) (auth_failed): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS, session=<CvN+E95U>", failed},
		{"rsyslog's repetition", "message repeated 2 times: [ imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25]", failed + " ×2"},
		{"2.3: login that worked", "imap-login: Login: user=<al@example.com>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, mpid=7, TLS, session=<CvN+E95U>", accepted},
		{"2.4: login that worked", "submission-login: Logged in: user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, mpid=7, TLS, session=<CvN+E95U>", accepted},
		{"no login tried", "imap-login: Disconnected (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25, TLS, session=<CvN+E95U>", either},
		{"2.4: no login tried", "imap-login: Login aborted: Connection closed (no auth attempts in 2 secs) (no_auth_attempts): user=<>, rip=192.0.2.1, lip=203.0.113.25, TLS", either},
		{"commands that are none", "imap-login: Disconnected: Too many invalid commands (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25, TLS, session=<CvN+E95U>", abused},
		{"the same by POP3", "pop3-login: Disconnected: Disconnected: Too many bad commands (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25", abused},
		{"2.4: commands that are none", "imap-login: Login aborted: Too many invalid commands (no auth attempts in 2 secs) (no_auth_attempts): user=<>, rip=192.0.2.1, lip=203.0.113.25", abused},
		{"TLS that failed", "imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A0000C1:SSL routines::no shared cipher (disconnected during TLS handshake): user=<>, rip=192.0.2.1, lip=203.0.113.25", either},
		{"password refused unread, because it was not encrypted", "imap-login: Disconnected (tried to use disallowed plaintext auth): user=<>, rip=192.0.2.1, lip=203.0.113.25, session=<CvN+E95U>", abused},
		{"our auth process did not answer", "imap-login: Disconnected: Auth process broken (disconnected before auth was ready, waited 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25", nothing},
		{"2.4: our password database is down", "imap-login: Login aborted: Inactivity (auth failed, 1 attempts in 5 secs) (temp_fail): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25", nothing},
		{"a user's own session ends", "imap(al@example.com)<7><CvN+E95U>: Disconnected: Logged out in=94 out=541 deleted=0", nothing},
	})
}

func dovecotAuth() section {
	return ofDovecot("Dovecot: auth processes, which speak for Postfix and Exim too", bsd+"dovecot: ", []row{
		{"2.3: no such user", "auth: passwd-file(al@example.com,192.0.2.1): unknown user", failed},
		{"2.2: wrong password by CRAM-MD5", "auth: cram-md5(al,192.0.2.1,<CvN+E95U>): password mismatch", failed},
		{"2.3: wrong password", "auth: passwd-file(al,192.0.2.1,<CvN+E95U>): Password mismatch", failed},
		{"2.3: wrong password with its hash", "auth: sql(al,192.0.2.1): Password mismatch (SHA1 of given password: abcd12)", failed},
		{"2.3: LDAP", "auth: ldap(al,192.0.2.1,<CvN+E95U>): invalid credentials", failed},
		{"2.3: LDAP of old", "auth: ldap(al,192.0.2.1): Password mismatch (for LDAP bind)", failed},
		{"2.3: PAM", "auth-worker(7): conn unix:auth-worker (pid=8,uid=97): auth-worker<55>: pam(al,192.0.2.1): pam_authenticate() failed: Authentication failure (Password mismatch?)", failed},
		{"2.3: PAM, no such user", "auth-worker(7): pam(al,192.0.2.1): pam_authenticate() failed: User not known to the underlying authentication module: al", failed},
		{"2.3: SQL", "auth-worker(7): conn unix:auth-worker (pid=8,uid=97): auth-worker<55>: sql(al,192.0.2.1,<CvN+E95U>): unknown user", failed},
		{"1.2", "auth(default): sql(al,192.0.2.1): Password mismatch", failed},
		{"IPv6", "auth: passwd-file(al,2001:db8::1,<CvN+E95U>): Password mismatch", "auth_fail 2001:db8::1"},
		{"2.4: no such user", "auth(al,192.0.2.1,sasl:login)<CvN+E95U>: passwd-file: unknown user", failed},
		{"2.4: wrong password", "auth(al,192.0.2.1,sasl:plain): sql: Password mismatch", failed},
		{"2.4: by a worker", "auth-worker(al,192.0.2.1)<4001084><CvN+E95U>: request [12]: sql: Password mismatch", failed},
		{"character that no user name has", "auth: login(?,192.0.2.1): Username character disallowed by auth_username_chars: 0x27 (username: a'b)", failed},
		{"rubbish", "auth: plain(?,192.0.2.1): invalid input", failed},
		{"caller that does not tell the client", "auth: passwd-file(al): unknown user", nothing},
		{"our database does not answer", "auth: Error: sql(al,192.0.2.1): Password query failed: Not connected to database", fault},
		{"Dovecot makes others wait", "auth: Warning: auth client 7 disconnected with 1 pending requests: EOF", nothing},
	})
}

func dovecotOwnLog() section {
	return ofDovecot("Dovecot: its own log file", "Nov 24 10:00:00 ", []row{
		{"2.3: login process", "imap-login: Info: Disconnected (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS", failed},
		{"2.3: auth process", "auth: Info: passwd-file(al,192.0.2.1): unknown user", failed},
		{"2.3: auth worker", "auth-worker(7): Info: conn unix:auth-worker (uid=143): auth-worker<22>: sql(al,192.0.2.1,<CvN+E95U>): Password mismatch", failed},
		{"2.4: auth process", "auth(al,192.0.2.1,sasl:login)<CvN+E95U>: Info: sql: Password mismatch", failed},
		{"2.4: auth worker", "auth-worker(al,192.0.2.1)<4001084><CvN+E95U>: request [12]: Info: sql: Password mismatch", failed},
		{"login that worked", "imap-login: Info: Login: user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, mpid=7, TLS", accepted},
		{"no login tried", "imap-login: Info: Disconnected (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25", either},
	})
}
