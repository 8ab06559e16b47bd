package main

import "github.com/smtpbl/smtpbl/policy"

func sendmail() section {
	return section{
		title: "Sendmail", service: policy.Sendmail, head: bsd,
		usual: []string{"sendmail-auth"}, strict: []string{"sendmail-auth", "sendmail-reject[mode=aggressive]"},
		rows: []row{
			{"wrong password, 8.16 and later", "sm-mta[7]: 4AO900hT000007: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=al, relay=dsl.client.example [192.0.2.1]", failed},
			{"without a user name", "sm-mta[7]: 4AO900hT000007: AUTH failure (PLAIN): authentication failure (-13) SASL(-13): authentication failure: Password verification failed, relay=[192.0.2.1]", failed},
			{"forged reverse name", "sendmail[7]: 4AO900hT000007: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=al, relay=dsl.client.example [192.0.2.1] (may be forged)", failed},
			{"no such user", "sm-mta[7]: 4AO900hT000007: AUTH failure (CRAM-MD5): user not found (-20) SASL(-13): user not found: user: al@mx property: userPassword not found in sasldb /etc/sasldb2, user=al, relay=[192.0.2.1]", failed},
			{"IPv6", "sm-mta[7]: 4AO900hT000007: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=al, relay=[IPv6:2001:DB8::1]", "auth_fail 2001:db8::1"},
			{"behind `sm-acceptingconnections`", "sm-acceptingconnections[7]: 4AO900hT000007: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=al, relay=[192.0.2.1]", failed},
			{"login that worked", "sm-mta[7]: AUTH=server, relay=dsl.client.example [192.0.2.1], authid=al, mech=PLAIN, bits=0", accepted},
			{"many AUTH commands", "sm-mta[7]: 4AO900hT000007: dsl.client.example [192.0.2.1]: possible SMTP attack: command=AUTH, count=5", failed},
			{"rubbish", `sm-mta[7]: 4AO900hT000007: AUTH decode64 error [-5 for "!"], relay=dsl.client.example [192.0.2.1]`, failed},
			{"rubbish that names a relay", `sm-mta[7]: 4AO900hT000007: AUTH decode64 error [-5 for "x, relay=[198.51.100.77]"], relay=[192.0.2.1]`, failed},
			{"talks before it is greeted", "sm-mta[7]: 4AO900hT000007: rejecting commands from dsl.client.example [192.0.2.1] due to pre-greeting traffic after 1 seconds", abused},
			{"8.17: talks out of turn", "sm-mta[7]: 4AO900hT000007: rejecting server EHLO from [192.0.2.1] [192.0.2.1] due to traffic before response", abused},
			{"browser", "sm-mta[7]: 4AO900hT000007: [192.0.2.1]: probable open proxy: command=GET / HTTP/1.1\\r\\n", abused},
			{"relaying", "sm-mta[7]: 4AO900hT000007: ruleset=check_rcpt, arg1=<a@there.example>, relay=dsl.client.example [192.0.2.1], reject=550 5.7.1 <a@there.example>... Relaying denied", abused},
			{"mail without a login", "sm-mta[7]: 4AO900hT000007: from=<b@there.example>, size=512, class=0, nrcpts=1, proto=ESMTP, daemon=MTA-v4, relay=mail.there.example [192.0.2.1]", nothing},
			{"no such mailbox", "sm-mta[7]: 4AO900hT000007: <al@here.example>... User unknown", nothing},
			{"user name that names a relay", "sm-mta[7]: 4AO900hT000007: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=x, relay=[198.51.100.77], relay=[192.0.2.1]", failed},
			{"login that worked, its name reads as a failure", "sm-mta[7]: AUTH=server, relay=[192.0.2.1], authid=AUTH failure (LOGIN): x, relay=[198.51.100.77], mech=PLAIN, bits=0", accepted},
		},
	}
}
