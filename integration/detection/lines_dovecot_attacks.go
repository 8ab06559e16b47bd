package main

import "strings"

func dovecotAttacks() section {
	return ofDovecot("Dovecot: text that the client chose", bsd+"dovecot: ", []row{
		{"user name that repeats the address field", "pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x, rip=198.51.100.66, lip=203.0.113.25>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, session=<CvN+E95U>", failed},
		{"the same with a bracket", "pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x>, method=PLAIN, rip=198.51.100.66, lip=203.0.113.25, y>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25", failed},
		{"user name that reads as a login that worked", "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x imap-login: Login: user=y>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25", failed},
		{"login that worked, user name reads as a failure", "imap-login: Login: user=<x (auth failed, 9 attempts in 9 secs): user=y>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25", accepted},
		{"user name that is another's address", "auth: passwd-file(198.51.100.9,192.0.2.1): unknown user", failed},
		{"user name that repeats the arguments", "auth(x,198.51.100.9,sasl:login,192.0.2.1,sasl:login): passwd-file: unknown user", failed},
		{"user name that closes the bracket, where auth_username_chars was widened: two readings, so none", "auth: passwd-file(x,198.51.100.9): unknown user (y,192.0.2.1): unknown user", nothing},
		{"PAM repeats what the client calls itself", "auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=rhost=198.51.100.7 rhost=192.0.2.1", either},
		{"a reason of many words, on which nested expressions run for long (fail2ban GHSA-33wh-ccjc-p397)", "imap-login: Disconnected: " + strings.Repeat("a: ", 18) + "(auth failed, 1 attempts in 2 secs): user=<>, rip=192.0.2.1, lip=203.0.113.25", failed},
		{"the same without an end", "imap-login: Disconnected: " + strings.Repeat("a: ", 18) + "(reason", nothing},
		{"line cut off inside the user name", "pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x, rip=198.51.100.66x", nothing},
	})
}
