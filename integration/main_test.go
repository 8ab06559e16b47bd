// Package integration tests the built smtpbl program against a real mail
// server and a real kernel, in the laboratory of package lab.
package integration

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

var laboratory *lab.Lab

func TestMain(m *testing.M) {
	labtest.Main(m, func() (err error) {
		if err = carryDocs(); err == nil {
			laboratory, err = lab.Enter(lab.Options{Say: labtest.Say})
		}
		return err
	})
}

// soon is how long anything may take that takes milliseconds on an idle
// machine.
var soon = lab.Patience(15 * time.Second)

// world gives a test a mail server that has seen nothing yet.
func world(t *testing.T) *lab.Lab {
	t.Helper()
	labtest.Need(t)
	worlds++
	must(t, laboratory.Reset())
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		text, err := os.ReadFile(lab.MailLog)
		t.Logf("end of the mail log (%v):\n%s", err, tail(string(text)))
	})
	return laboratory
}

// serve runs the service until the test ends, if the test does not end it.
func serve(t *testing.T, start lab.Start) *lab.Service {
	t.Helper()
	s, err := laboratory.Service(t.Context(), start)
	must(t, err)
	return tidy(t, s)
}

// spawn is serve for a service that is expected not to become ready.
func spawn(t *testing.T, start lab.Start) *lab.Service {
	t.Helper()
	s, err := laboratory.Spawn(start)
	must(t, err)
	return tidy(t, s)
}

// tidy ends s with the test, and shows its log if that failed.
func tidy(t *testing.T, s *lab.Service) *lab.Service {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the service's log:\n%s", tail(s.Log.String()))
		}
	})
	return s
}

// tail returns the last lines of a text.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// worlds counts the tests, each of which is attacked from networks of its
// own: what the mail server still has to say about the attackers of the test
// before is then about nobody that the test knows.
var worlds byte

// attackNets are the networks that attack this test: a /24 and a /48.
func attackNets() (netip.Prefix, netip.Prefix) {
	a4, a6 := lab.AttackNets4.Addr().As4(), lab.AttackNets6.Addr().As16()
	a4[2], a6[5] = worlds, worlds
	return netip.PrefixFrom(netip.AddrFrom4(a4), 24), netip.PrefixFrom(netip.AddrFrom16(a6), 48)
}

// attacker4 is a host of the attackers' /24.
func attacker4(host byte) netip.Addr {
	net4, _ := attackNets()
	a := net4.Addr().As4()
	a[3] = host
	return netip.AddrFrom4(a)
}

// attacker6 is a host in one of the /64s of the attackers' /48.
func attacker6(subnet, host byte) netip.Addr {
	_, net6 := attackNets()
	a := net6.Addr().As16()
	a[7], a[15] = subnet, host
	return netip.AddrFrom16(a)
}

// banned is how smtpbl names what it bans because of addr.
func banned(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

var (
	neighbour4 = lab.NeighbourNet4.Addr().Next()
	neighbour6 = lab.NeighbourNet6.Addr().Next()
)

// threshold is the failure that bans, by default.
func threshold(addr netip.Addr) int {
	if addr.Is4() {
		return 5
	}
	return 3
}
