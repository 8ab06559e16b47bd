package integration

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// socketOnly keeps smtpbl from following the mail log, which has the same
// lines.
const socketOnly = "[ingest]\nfiles = [\"/var/log/none/mail.log\"]\n"

// forwardings are the ways of rsyslog to our sockets. All but the formats are
// in the words of docs/SOURCES.md.
func forwardings(t *testing.T) map[string]forwarding {
	t.Helper()
	tcp := func(protocol string, more string) string {
		return documented(t, `type="omfwd"`, `protocol="tcp"`, `protocol="`+protocol+`"`+more)
	}
	const modern = `global(parser.permitSlashInProgramName="on")` + "\n"
	return map[string]forwarding{
		"unix": {"unix:/run/smtpbl/syslog", documented(t, "omuxsock")},
		"udp":  {"udp:127.0.0.1:5514", tcp("udp", "")},
		"tcp":  {"tcp:127.0.0.1:5514", tcp("tcp", "")},
		"udp, RFC 5424": {
			"udp:127.0.0.1:5514", modern + tcp("udp", ` template="RSYSLOG_SyslogProtocol23Format"`),
		},
		"tcp, RFC 5424, counted frames": {
			"tcp:127.0.0.1:5514", modern + tcp("tcp", ` template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"`),
		},
		"tcp, RSYSLOG_ForwardFormat": {
			"tcp:127.0.0.1:5514", tcp("tcp", ` template="RSYSLOG_ForwardFormat"`),
		},
	}
}

// forwarding is one way from rsyslog to smtpbl: where smtpbl listens, and what
// rsyslog is told.
type forwarding struct{ listen, rsyslog string }

// smtpbl is the configuration of smtpbl.
func (f forwarding) smtpbl() string { return socketOnly + fmt.Sprintf("syslog = [%q]\n", f.listen) }

// loses tells whether the sender goes on when smtpbl is too slow for it.
func (f forwarding) loses() bool { return strings.HasPrefix(f.listen, "udp:") }

// TestSyslogSocket has the real rsyslog forward what the real Postfix and
// Dovecot say, and a burst.
func TestSyslogSocket(t *testing.T) {
	for name, f := range forwardings(t) {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			serve(t, lab.Start{Config: f.smtpbl()})
			t.Cleanup(func() { must(t, l.Rsyslog("")) })
			must(t, l.Rsyslog(f.rsyslog))
			addr := attacker4(1)
			failTimes(t, threshold(addr)-1, addr)
			notBanned(t, addr)
			failLast(addr, lab.PortSMTP, "PLAIN")
			must(t, awaitBan(addr))
			must(t, awaitTold(addr, threshold(addr)))
			must(t, caughtUp())
			m, err := l.Metrics()
			must(t, err)
			w := &writer{before: failures(m)}
			for range burst / batch {
				must(t, w.say())
			}
			must(t, w.awaitAccounted(f.loses()))
		})
	}
}

// burst is how many failures are said as fast as rsyslog takes them. Where the
// machine is slow they fit its queue of 1000 for our socket: what finds no place
// in there within two seconds is discarded (queue.timeoutEnqueue), and an
// emulated processor is that slow.
var burst = func() int {
	if lab.Patience(1) > 1 {
		return 1000
	}
	return 20000
}()

// awaitTold waits until Postfix has told n failures of addr: that of the last
// comes after the ban, which rests on Dovecot's.
func awaitTold(addr netip.Addr, n int) error {
	return lab.Until(fmt.Sprintf("Postfix tells %d failures", n), soon, func() error {
		lines, err := laboratory.MailLogLines("[" + addr.String() + "]: SASL PLAIN authentication failed")
		if err == nil && len(lines) != n {
			err = fmt.Errorf("it told %d", len(lines))
		}
		return err
	})
}

// awaitAccounted waits until everything said was counted as a failure or, if
// something may be lost, as dropped.
func (w *writer) awaitAccounted(loses bool) error {
	return lab.Until("all failures are accounted for", soon, func() error {
		// The kernel tells of a loss with the next message only.
		if err := lab.Say("laboratory: one more"); err != nil {
			return err
		}
		m, err := laboratory.Metrics()
		if err != nil {
			return err
		}
		dropped := uint64(m.Sum("smtpbl_source_dropped_lines_total"))
		counted := failures(m) - w.before
		if counted > w.said || counted+dropped < w.said || dropped > 0 && !loses {
			return fmt.Errorf("%d of %d are counted and %d dropped", counted, w.said, dropped)
		}
		return nil
	})
}

// TestForwardingWaits has rsyslog keep what is said while smtpbl is away.
func TestForwardingWaits(t *testing.T) {
	l := world(t)
	tcp := forwardings(t)["tcp"]
	start := lab.Start{Config: tcp.smtpbl()}
	first := serve(t, start)
	t.Cleanup(func() { must(t, l.Rsyslog("")) })
	must(t, l.Rsyslog(tcp.rsyslog))
	must(t, caughtUp())
	must(t, first.Stop(t.Context()))
	some, enough := attacker4(1), attacker4(2)
	must(t, lab.Say(slices.Repeat([]string{failureLine(some)}, threshold(some)-1)...))
	must(t, lab.Say(slices.Repeat([]string{failureLine(enough)}, threshold(enough))...))
	must(t, l.Syslog("laboratory: the attack is over"))
	serve(t, start)
	must(t, awaitBan(enough))
	notBanned(t, some)
	must(t, lab.Say(failureLine(some)))
	must(t, awaitBan(some))
}

// TestForgers has a user of the mail server say with the real logger what
// Postfix would, by each socket. The unix socket is even one that somebody
// has opened to all.
func TestForgers(t *testing.T) {
	l := world(t)
	const user, users = 1000, 100
	const socket = "/run/open/forgers"
	must(t, os.MkdirAll(filepath.Dir(socket), 0o777))
	must(t, os.Chmod(filepath.Dir(socket), 0o777))
	serve(t, lab.Start{Config: socketOnly +
		`syslog = ["unix:/run/open/forgers", "udp:127.0.0.1:5514", "tcp:127.0.0.1:5514"]` + "\n"})
	must(t, os.Chmod(socket, 0o666))
	ways := map[string][]string{
		"udp":  {"--udp", "--server", "127.0.0.1", "--port", "5514"},
		"tcp":  {"--tcp", "--server", "127.0.0.1", "--port", "5514"},
		"unix": {"--socket", socket, "--socket-errors=on"},
	}
	victim := attacker4(1)
	n := 0
	for name, way := range ways {
		for range threshold(victim) {
			n++
			if err := logger(l, user, users, victim, way); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	must(t, awaitRefused(n))
	// Whom smtpbl believes has every one of these lines counted.
	culprit := attacker4(2)
	for range threshold(culprit) {
		must(t, logger(l, 0, 0, culprit, ways["unix"]))
	}
	must(t, awaitBan(culprit))
	yes, err := l.Checked(victim.String())
	must(t, err)
	if yes {
		t.Error("a user had an address banned")
	}
}

// logger runs logger(1) as somebody, who says that addr failed to log in.
func logger(l *lab.Lab, uid, gid uint32, addr netip.Addr, way []string) error {
	tag, text, _ := strings.Cut(failureLine(addr), ": ")
	cmd := exec.Command("logger", slices.Concat(way, []string{"--priority", "mail.warning", "--tag", tag, "--", text})...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	var out []byte
	err := l.MX.Do(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return fmt.Errorf("run logger: %w\n%s", err, out)
	}
	return nil
}

// awaitRefused waits until as many lines are counted as refused.
func awaitRefused(n int) error {
	return lab.Until(fmt.Sprintf("%d lines are refused", n), soon, func() error {
		m, err := laboratory.Metrics()
		if got := m.Sum("smtpbl_source_refused_lines_total"); err == nil && got != float64(n) {
			err = fmt.Errorf("%v are", got)
		}
		return err
	})
}
