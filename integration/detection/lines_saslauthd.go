package main

import "github.com/smtpbl/smtpbl/policy"

func saslauthd() section {
	return section{
		title: "saslauthd (its releases do not name the client; the mail server's own line does)", service: policy.Saslauthd, head: bsd,
		rows: []row{
			{"without the client", "saslauthd[7]: do_auth         : auth failure: [user=al] [service=smtp] [realm=example.com] [mech=pam] [reason=PAM auth error]", nothing},
			{"later sources, with the client", "saslauthd[7]: do_auth         : auth failure: [user=al] [service=smtp] [realm=example.com] [mech=pam] [remote=192.0.2.1] [reason=PAM auth error]", failed},
			{"a start", "saslauthd[7]: detach_tty      : master pid is: 7", nothing},
			{"user name that names a client", "saslauthd[7]: do_auth         : auth failure: [user=x] [service=smtp] [realm=y] [mech=pam] [remote=198.51.100.77] [reason=z] [service=smtp] [realm=] [mech=pam] [reason=PAM auth error]", nothing},
		},
	}
}
