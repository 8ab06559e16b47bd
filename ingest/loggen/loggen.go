// Package loggen writes mail logs of any size for benchmarks: what Postfix
// writes for ordinary mail, with failed logins strewn in. The same Config
// gives the same bytes.
package loggen

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Config says what log is written.
type Config struct {
	Lines    int
	Failures float64 // share of lines that are failed logins, 0 to 1
	Clients  int     // addresses that fail, a tenth of them IPv6
	Seed     uint64
	Start    time.Time     // stamp of the first line
	Step     time.Duration // time between lines
	// Mixed makes of the failures what a policy has rules for: people and their
	// old telephones, names that nobody has, one account tried from many nets and
	// many from one, outages of our own, and other servers' lines.
	Mixed bool
}

// Standard is the log that the project's figures are measured on.
func Standard(lines int, failures float64) Config {
	return Config{
		Lines: lines, Failures: failures, Clients: 20_000, Seed: 1,
		Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Step: 40 * time.Millisecond,
	}
}

// ordinary are the lines of mail that is delivered, in the order Postfix
// writes them. The client's address is filled in.
var ordinary = []string{
	"postfix/smtpd[%[2]d]: connect from mail-%[3]d.example.net[203.0.113.%[1]d]",
	"postfix/smtpd[%[2]d]: 4Zk%[3]X: client=mail-%[3]d.example.net[203.0.113.%[1]d]",
	"postfix/cleanup[%[2]d]: 4Zk%[3]X: message-id=<%[3]d.%[2]d@example.net>",
	"postfix/qmgr[811]: 4Zk%[3]X: from=<news%[3]d@example.net>, size=%[2]d, nrcpt=1 (queue active)",
	"postfix/lmtp[%[2]d]: 4Zk%[3]X: to=<user%[1]d@example.org>, relay=mx1[private/dovecot-lmtp], delay=0.21, delays=0.1/0/0/0.11, dsn=2.0.0, status=sent (250 2.0.0 Saved)",
	"postfix/qmgr[811]: 4Zk%[3]X: removed",
	"postfix/smtpd[%[2]d]: disconnect from mail-%[3]d.example.net[203.0.113.%[1]d] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
	"dovecot: lmtp(user%[1]d@example.org)<%[2]d><%[3]X>: msgid=<%[3]d.%[2]d@example.net>: saved mail to INBOX",
}

var services = []string{"postfix/smtpd", "postfix/submission/smtpd", "postfix/smtps/smtpd"}

// Write writes the log.
func Write(w io.Writer, c Config) error {
	out := bufio.NewWriterSize(w, 1<<20)
	g := generator{Config: c, rng: rand.New(rand.NewPCG(c.Seed, c.Seed)), out: out}
	for i := range c.Lines {
		g.line(i)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

type generator struct {
	Config
	rng *rand.Rand
	out *bufio.Writer
	buf []byte
}

func (g *generator) line(i int) {
	at := g.Start.Add(time.Duration(i) * g.Step)
	g.buf = at.AppendFormat(g.buf[:0], "2006-01-02T15:04:05.000000-07:00")
	g.buf = append(g.buf, " mx1 "...)
	if g.rng.Float64() < g.Failures {
		if g.Mixed {
			g.mixed(i)
		} else {
			g.failure()
		}
	} else {
		g.buf = fmt.Appendf(g.buf, ordinary[i%len(ordinary)], g.rng.IntN(254)+1, 10_000+g.rng.IntN(20_000), g.rng.IntN(1<<24))
	}
	_, _ = g.out.Write(append(g.buf, '\n')) // Flush reports the error
}

func (g *generator) failure() {
	g.buf = fmt.Appendf(g.buf, "%s[%d]: warning: unknown[", services[g.rng.IntN(len(services))], 30_000+g.rng.IntN(100))
	g.address(g.rng.IntN(g.Clients))
	g.buf = fmt.Appendf(g.buf, "]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=user%d@example.org", g.rng.IntN(500))
}

// address writes a client's address. Clients are strewn over many nets, as
// attackers are: neighbours would soon be banned as a net.
func (g *generator) address(client int) {
	if client%10 == 0 {
		g.buf = fmt.Appendf(g.buf, "2001:db8:%x:1::%x", client%(1<<16), g.rng.IntN(1<<16))
		return
	}
	g.buf = append(g.buf, strange(client)...)
}

// strange is a client's IPv4 address.
func strange(client int) string {
	at := uint32(client) * 2654435761 >> 8 // Knuth's multiplicative hash
	return fmt.Sprintf("10.%d.%d.%d", at>>16, at>>8&255, at&255)
}
