package main

import "github.com/smtpbl/smtpbl/policy"

func uwimap() section {
	return section{
		title: "UW imapd and ipop3d", service: policy.UWIMAP, head: bsd,
		usual: []string{"uwimap-auth"}, strict: []string{"uwimap-auth"},
		rows: []row{
			{"wrong password", "imapd[7]: Login failed user=al auth=al host=dsl.client.example [192.0.2.1]", failed},
			{"POP3", "ipop3d[7]: Login failed user=al auth=al host=[192.0.2.1]", failed},
			{"the connection's last one", "ipop3d[7]: Login excessive login failures user=al auth=al host=dsl.client.example [192.0.2.1]", failed},
			{"login that worked", "imapd[7]: Login user=al host=dsl.client.example [192.0.2.1]", accepted},
			{"login by SASL", "imapd[7]: Authenticated user=al host=dsl.client.example [192.0.2.1] mech=PLAIN", accepted},
			{"the end", "imapd[7]: Logout user=al host=dsl.client.example [192.0.2.1]", nothing},
			{"user name that names an address", "imapd[7]: Login failed user=x host=[198.51.100.77] auth=x host=dsl.client.example [192.0.2.1]", failed},
		},
	}
}
