package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestAllPorts bans an address for failures at SMTP, which goes on at IMAP, a
// port that its ban does not close: it is banned at all ports, for a time of its
// own, until both bans are lifted by hand. A restart keeps both.
func TestAllPorts(t *testing.T) {
	l := world(t)
	// The attackers ask whether SSH answers: that must not exempt them.
	const config = "[policy]\nall_ports4 = 8\nall_ports6 = 6\nall_ports_time = \"30h\"\nnet4_hosts = 0\nnet6_hosts = 0\nnever_ban_ssh_ports = []\n"
	s := serve(t, lab.Start{Config: config})
	attackers := map[netip.Addr]string{attacker4(1): "all4", attacker6(1, 1): "all6_64"}
	for addr := range attackers {
		earn(t, addr)
		must(t, shut(addr)) // and ssh answers
		for n := threshold(addr) + 1; n < threshold(addr)+3; n++ {
			must(t, failAtIMAP(l, addr, n))
		}
	}
	must(t, caughtUp())
	for addr := range attackers {
		must(t, answers(l.Attacker, addr, 22, "SSH-2.0-"))
		must(t, failAtIMAP(l, addr, threshold(addr)+3))
	}
	for addr, set := range attackers {
		must(t, awaitSet(l, banned(addr), set))
		must(t, closed(l, addr, 22))
	}
	if _, err := s.Log.Await(t.Context(), soon, "msg=banned", "step=all", "rule=persist"); err != nil {
		t.Error(err)
	}
	for _, a := range []netip.Addr{neighbour4, neighbour6} {
		must(t, open(l.Neighbour, a))
		must(t, answers(l.Neighbour, a, 22, "SSH-2.0-"))
	}

	must(t, s.Stop(t.Context()))
	serve(t, lab.Start{Config: config})
	for addr, set := range attackers {
		must(t, awaitSet(l, banned(addr), set))
		must(t, closed(l, addr, 22))
		_, err := l.Smtpbl("set", "del", banned(addr))
		must(t, err)
		must(t, open(l.Attacker, addr))
		must(t, answers(l.Attacker, addr, 22, "SSH-2.0-"))
	}
}

// failAtIMAP says what Dovecot says of a failed login at IMAP. The number tells
// one from the other.
func failAtIMAP(l *lab.Lab, addr netip.Addr, n int) error {
	return l.Syslog(fmt.Sprintf("dovecot: imap-login: Disconnected: Aborted login by logging out (auth failed, 1 attempts in 2 secs): "+
		"user=<alice>, method=PLAIN, rip=%s, lip=%s, session=<all%d+%d>", addr, lab.Server(addr), n, addr.AsSlice()[3]))
}

// awaitSet waits until the kernel has a ban in a set that lasts as long as the
// configuration says.
func awaitSet(l *lab.Lab, addr, set string) error {
	return lab.Until(fmt.Sprintf("%s is in set %s", addr, set), soon, func() error {
		bans, err := l.Bans()
		if err != nil {
			return err
		}
		for i := range bans {
			if b := &bans[i]; b.Addr == addr && b.Set == set && b.TimeoutSeconds > 29*3600 {
				return nil
			}
		}
		return fmt.Errorf("set list shows %+v", bans)
	})
}

// closed expects a port to be silent.
func closed(l *lab.Lab, addr netip.Addr, port uint16) error {
	silent, err := l.Attacker.Dropped(addr, port)
	if err == nil && !silent {
		err = fmt.Errorf("port %d answers", port)
	}
	return err
}
