package main

import "github.com/smtpbl/smtpbl/policy"

func pam() section {
	return section{
		title: "PAM lines of mail services that name the client", service: policy.PAM, head: bsd,
		usual: []string{"pam-generic"}, strict: []string{"pam-generic"},
		rows: []row{
			{"with a client", "smtp[7]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=al rhost=192.0.2.1  user=al", failed},
			{"no such user", "pop3d[7]: pam_unix(pop3:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=al rhost=192.0.2.1", failed},
			{"without a client", "saslauthd[7]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=", nothing},
			{"a login at the machine", "login[7]: pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=al", nothing},
			{"user name that names a host", "smtp[7]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=rhost=198.51.100.77 rhost=192.0.2.1", failed},
		},
	}
}
