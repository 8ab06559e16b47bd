package main

import "github.com/smtpbl/smtpbl/policy"

func qmail() section {
	return section{
		title: "qmail and vpopmail", service: policy.Qmail, head: bsd,
		usual: []string{"qmail"}, strict: []string{"qmail"},
		rows: []row{
			{"vpopmail, SMTP: wrong password", "vpopmail[7]: vchkpw-smtp: password fail (pass: 'x') al@example.com:192.0.2.1", failed},
			{"vpopmail, submission", "vpopmail[7]: vchkpw-submission: password fail al@example.com:192.0.2.1", failed},
			{"vpopmail, no such user", "vpopmail[7]: vchkpw-smtp: vpopmail user not found al@example.com:192.0.2.1", failed},
			{"vpopmail, no password", "vpopmail[7]: vchkpw-smtps: null password given al@example.com:192.0.2.1", failed},
			{"vpopmail: login that worked", "vpopmail[7]: vchkpw-smtp: (PLAIN) login success al@example.com:192.0.2.1", accepted},
			{"spamdyke", "spamdyke[7]: FILTER_RBL_MATCH ip: 192.0.2.1 rbl: list.example", nothing},
			{"on a list of others", "qmail[7]: 1795514400.123456 rblsmtpd: 192.0.2.1 pid 7: 451 http://list.example/192.0.2.1", abused},
			{"user name that names an address", "vpopmail[7]: vchkpw-smtp: vpopmail user not found x@example.com:198.51.100.77 y@:192.0.2.1", failed},
		},
	}
}
