package main

import "github.com/smtpbl/smtpbl/policy"

func saslauthd() section {
	return section{
		title: "saslauthd (a client can imitate what it says of clients; the mail server's own line tells of the failure)", service: policy.Saslauthd, head: bsd,
		rows: []row{
			{"without the client", "saslauthd[7]: do_auth         : auth failure: [user=al] [service=smtp] [realm=example.com] [mech=pam] [reason=PAM auth error]", nothing},
			{"later sources, with the client", "saslauthd[7]: do_auth         : auth failure: [user=al] [service=smtp] [realm=example.com] [remote=192.0.2.1] [mech=pam] [reason=PAM auth error]", either},
			{"a start", "saslauthd[7]: detach_tty      : master pid is: 7", nothing},
			{"a release, and the user name x@y] [remote=198.51.100.77", "saslauthd[7]: do_auth         : auth failure: [user=x] [service=smtp] [realm=y] [remote=198.51.100.77] [mech=pam] [reason=PAM auth error]", nothing},
		},
	}
}
