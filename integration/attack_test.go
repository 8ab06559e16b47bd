package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// attack is one way to guess passwords.
type attack struct {
	port      uint16
	mechanism string
	from      func(host byte) netip.Addr // hosts that count as one
	neighbour netip.Addr
	result    chan error
}

func (a *attack) String() string {
	family := "IPv4"
	if a.neighbour.Is6() {
		family = "IPv6"
	}
	return fmt.Sprintf("%s port %d %s", a.mechanism, a.port, family)
}

// attacks are all mechanisms on all ports and both families, each from an
// IPv4 address or an IPv6 /64 of its own.
func attacks() []*attack {
	all := make([]*attack, 0, 2*len(mailPorts)*len(lab.Mechanisms))
	for _, port := range mailPorts {
		for _, mechanism := range lab.Mechanisms {
			n := byte(len(all) + 1)
			all = append(all,
				&attack{port, mechanism, func(byte) netip.Addr { return attacker4(n) }, neighbour4, make(chan error, 1)},
				&attack{port, mechanism, func(host byte) netip.Addr { return attacker6(n, host) }, neighbour6, make(chan error, 1)})
		}
	}
	return all
}

// TestAttack attacks in every way at once, and expects of each that the
// failure which reaches the threshold bans and none before.
func TestAttack(t *testing.T) {
	world(t)
	// The attackers are neighbours of each other; net bans have their own test.
	serve(t, lab.Start{Config: "[policy]\nnet4_hosts = 0\nnet6_hosts = 0\n"})
	all := attacks()
	for _, a := range all {
		go func() { a.result <- a.run() }()
	}
	for _, a := range all {
		t.Run(a.String(), func(t *testing.T) { must(t, <-a.result) })
	}
	for _, a := range []netip.Addr{neighbour4, neighbour6} {
		must(t, open(laboratory.Neighbour, a))
	}
}

// run makes one attack and returns what was not as it should be.
func (a *attack) run() error {
	last := threshold(a.neighbour)
	for n := 1; n < last; n++ {
		if err := fail(a.from(byte(n)), a.port, a.mechanism); err != nil {
			return fmt.Errorf("failure %d of %d: %w", n, last, err)
		}
	}
	// The server takes the connection of the failure that bans: no earlier
	// failure did.
	if err := open(laboratory.Attacker, a.from(byte(last))); err != nil {
		return fmt.Errorf("after %d failures: %w", last-1, err)
	}
	failLast(a.from(byte(last)), a.port, a.mechanism)
	if err := awaitBan(a.from(1)); err != nil {
		return err
	}
	// For IPv6, any other address of the /64.
	if err := shut(a.from(99)); err != nil {
		return err
	}
	return a.sparesNeighbour()
}

func (a *attack) sparesNeighbour() error {
	code, err := laboratory.Neighbour.Login(a.neighbour, a.port, a.mechanism, "bob", lab.Users["bob"])
	if err == nil && code != lab.CodeAccepted {
		err = fmt.Errorf("answer %d", code)
	}
	if err != nil {
		return fmt.Errorf("log in as an innocent neighbour: %w", err)
	}
	return nil
}
