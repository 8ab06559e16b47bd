package main

import "github.com/smtpbl/smtpbl/policy"

func opensmtpd() section {
	return section{
		title: "OpenSMTPD (since 6.4 only the connection's first line names the client)", service: policy.OpenSMTPD, head: bsd,
		rows: []row{
			{"6.0 to 6.3: wrong password", "smtpd[7]: 1a2b3c4d5e6f7081 smtp event=authentication user=al address=192.0.2.1 host=dsl.client.example result=permfail", failed},
			{"6.0 to 6.3: login that worked", "smtpd[7]: 1a2b3c4d5e6f7081 smtp event=authentication user=al address=192.0.2.1 host=dsl.client.example result=ok", accepted},
			{"6.0 to 6.3: our backend is down", "smtpd[7]: 1a2b3c4d5e6f7081 smtp event=authentication user=al address=192.0.2.1 host=dsl.client.example result=tempfail", fault},
			{"6.4 and later: wrong password", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=dsl.client.example\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=permfail", failed},
			{"6.4 and later: the same and its second line", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=dsl.client.example\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=permfail\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp failed-command command=\"AUTH LOGIN (password)\" result=\"535 Authentication failed\"\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp disconnected reason=quit", failed},
			{"6.4 and later: IPv6", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=2001:db8::1 host=<unknown>\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=permfail", "auth_fail 2001:db8::1"},
			{"6.4 and later: login that worked", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=dsl.client.example\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=ok", accepted},
			{"6.4 and later: our backend is down", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=dsl.client.example\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=tempfail", fault},
			{"two connections at once", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=<unknown>\nsmtpd[7]: 99aabbccddeeff00 smtp connected address=192.0.2.2 host=<unknown>\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=permfail", failed},
			{"connection whose start was not seen", "smtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=permfail", nothing},
			{"a connection", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=dsl.client.example\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp disconnected reason=quit", nothing},
			{"user name that names an address", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=<unknown>\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=x address=198.51.100.77 host=y result=permfail", failed},
			{"command that reads as a connection", "smtpd[7]: 1a2b3c4d5e6f7081 smtp connected address=192.0.2.1 host=<unknown>\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp failed-command command=\"smtp connected address=198.51.100.77\" result=\"500 5.5.1 Invalid command: Command unrecognized\"\nsmtpd[7]: 1a2b3c4d5e6f7081 smtp authentication user=al result=permfail", failed},
		},
	}
}
