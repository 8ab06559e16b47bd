package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// traffic is what all three must agree on: who sends, "set list" and /metrics.
type traffic struct{ Packets, Bytes uint64 }

// TestCountersAgree knocks a known number of times, one packet each, and
// compares what was sent with what is counted.
func TestCountersAgree(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	senders := []struct {
		addr   netip.Addr
		family string
		knocks uint64
		length uint64
	}{
		{attacker4(1), "ipv4", 9, lab.ProbeBytes4},
		{attacker6(1, 1), "ipv6", 7, lab.ProbeBytes6},
	}
	for _, s := range senders {
		_, err := l.Smtpbl("set", "add", s.addr.String(), "--for", "1h")
		must(t, err)
		must(t, awaitBan(s.addr))
		for n := range s.knocks {
			silent, err := l.Attacker.Dropped(s.addr, mailPorts[n%3])
			must(t, err)
			if !silent {
				t.Fatalf("knock %d from %s was answered", n+1, s.addr)
			}
		}
		// What goes elsewhere is neither dropped nor counted.
		must(t, answers(l.Attacker, s.addr, 22, "SSH-2.0-"))
	}
	m, err := l.Metrics()
	must(t, err)
	for _, s := range senders {
		t.Run(s.family, func(t *testing.T) {
			sent := traffic{s.knocks, s.knocks * s.length}
			ban, err := l.Ban(s.addr.String())
			must(t, err)
			if ban == nil {
				t.Fatalf("set list does not show %s", s.addr)
			}
			if diff := cmp.Diff(sent, traffic{ban.Packets, ban.Bytes}); diff != "" {
				t.Errorf("set list counts otherwise than was sent (-sent +listed):\n%s", diff)
			}
			family := fmt.Sprintf("family=%q", s.family)
			scraped := traffic{
				uint64(m.Sum("smtpbl_dropped_packets_total", family)),
				uint64(m.Sum("smtpbl_dropped_bytes_total", family)),
			}
			if diff := cmp.Diff(sent, scraped); diff != "" {
				t.Errorf("/metrics counts otherwise than was sent (-sent +scraped):\n%s", diff)
			}
		})
	}
}

// TestLift takes a ban away by hand: the very next packet passes.
func TestLift(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
		earn(t, addr)
		must(t, shut(addr))
		_, err := l.Smtpbl("set", "del", banned(addr))
		must(t, err)
		must(t, open(l.Attacker, addr))
	}
}
