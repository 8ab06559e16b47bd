package loggen

import "fmt"

// outage is how many lines our own authentication backend is down in a mixed
// log, outageEvery how many lines apart.
const (
	outage      = 1_500
	outageEvery = 12_000
)

// homes is how many people have a login that works, four to a net.
const homes = 60

// mixed writes one of the things that a policy has rules for.
func (g *generator) mixed(i int) {
	home := g.rng.IntN(homes)
	if i%outageEvery >= outageEvery-outage && g.rng.IntN(3) > 0 { // others go on guessing
		g.postfix(homeAddress(home))
		g.buf = fmt.Appendf(g.buf, "SASL PLAIN authentication failed: Connection lost to authentication server, sasl_username=home%d@example.org", home)
		return
	}
	switch g.rng.IntN(16) {
	case 0, 1: // people
		g.buf = fmt.Appendf(g.buf, "postfix/submission/smtpd[%d]: 4Zk%X: client=unknown[%s], sasl_method=PLAIN, sasl_username=home%d@example.org",
			30_000+g.rng.IntN(100), g.rng.IntN(1<<24), homeAddress(home), home)
	case 2: // and their old telephones
		g.failed(homeAddress(home), fmt.Sprintf("home%d@example.org", home))
	case 3: // a login that works from where others fail
		g.buf = fmt.Appendf(g.buf, "dovecot: imap-login: Login: user=<user%d@example.org>, method=PLAIN, rip=%s, lip=203.0.113.25, TLS",
			g.rng.IntN(500), strange(g.rng.IntN(g.Clients)))
	case 4: // names that nobody has
		g.failed(strange(g.rng.IntN(g.Clients)), "admin")
	case 5, 6: // one account from many nets
		g.failed(strange(g.rng.IntN(g.Clients)), "boss@example.org")
	case 7: // many accounts from one net
		g.failed(fmt.Sprintf("198.18.%d.%d", g.rng.IntN(4), g.rng.IntN(250)), fmt.Sprintf("user%d@example.org", g.rng.IntN(500)))
	case 8: // a net of few addresses that fail often
		g.failed(fmt.Sprintf("198.19.%d.%d", g.rng.IntN(8), g.rng.IntN(9)), "carol@example.org")
	case 9: // who goes on whatever happens
		g.failed(fmt.Sprintf("198.51.100.%d", g.rng.IntN(20)), fmt.Sprintf("user%d", g.rng.IntN(9)))
	case 10:
		g.buf = fmt.Appendf(g.buf, "postfix/postscreen[811]: PREGREET 11 after 0.06 from [%s]:40213: EHLO User\\r\\n", strange(g.rng.IntN(g.Clients)))
	case 11:
		g.buf = fmt.Appendf(g.buf, "postfix/smtpd[%d]: disconnect from unknown[%s] ehlo=1 auth=%d/3 quit=1 commands=2/5",
			30_000+g.rng.IntN(100), strange(g.rng.IntN(g.Clients)), g.rng.IntN(2))
	case 12:
		g.buf = fmt.Appendf(g.buf, "dovecot: pop3-login: Disconnected (auth failed, 2 attempts in 7 secs): user=<user%d@example.org>, method=PLAIN, rip=%s, lip=203.0.113.25",
			g.rng.IntN(500), strange(g.rng.IntN(g.Clients)))
	default:
		g.failure()
	}
}

func homeAddress(home int) string { return fmt.Sprintf("100.64.%d.%d", home/4, home%4+10) }

// postfix begins a line about a client.
func (g *generator) postfix(addr string) {
	g.buf = fmt.Appendf(g.buf, "%s[%d]: warning: unknown[%s]: ", services[g.rng.IntN(len(services))], 30_000+g.rng.IntN(100), addr)
}

func (g *generator) failed(addr, user string) {
	g.postfix(addr)
	g.buf = fmt.Appendf(g.buf, "SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=%s", user)
}
