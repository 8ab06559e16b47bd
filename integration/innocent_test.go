package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestCorrectLoginForgives fails often enough for several bans, but logs in
// and submits a mail in between, as somebody with a mistyped password does.
func TestCorrectLoginForgives(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	clients := []netip.Addr{attacker4(1), attacker6(1, 1)}
	must(t, together(clients, func(addr netip.Addr) error {
		for round := range 3 {
			for range threshold(addr) - 1 {
				if err := fail(addr, lab.PortSMTP, "PLAIN"); err != nil {
					return fmt.Errorf("round %d: %w", round, err)
				}
			}
			if err := l.Attacker.Submit(addr, lab.PortSubmission, "PLAIN", "alice"); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
		return nil
	}))
	for _, addr := range clients {
		notBanned(t, addr)
	}
}

// TestOtherUsersLoginForgivesNothing has one account of its own and guesses
// at another's.
func TestOtherUsersLoginForgivesNothing(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	addr := attacker4(1)
	failTimes(t, 2, addr)
	must(t, l.Attacker.Submit(addr, lab.PortSMTP, "LOGIN", "bob"))
	failTimes(t, 2, addr)
	failLast(addr, lab.PortSMTP, "PLAIN")
	must(t, awaitBan(addr))
}

// TestOurOwnFault takes Dovecot away from clients that are connected: their
// logins fail, but nobody is to blame.
func TestOurOwnFault(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	addr := attacker4(1)
	sessions := make([]*lab.Session, 2*threshold(addr))
	for i := range sessions {
		var err error
		sessions[i], err = l.Attacker.Connect(addr, lab.PortSMTP)
		must(t, err)
	}
	must(t, l.StopDovecot())
	restart := sync.OnceValue(l.StartDovecot)
	t.Cleanup(func() { must(t, restart()) })
	for _, s := range sessions {
		code, err := s.Auth("PLAIN", "alice", lab.Users["alice"])
		must(t, err)
		if code != lab.CodeTemporary {
			t.Errorf("answer %d to a login without Dovecot, want %d", code, lab.CodeTemporary)
		}
		must(t, s.Quit())
	}
	must(t, restart()) // without it a new smtpd ends before it greets
	notBanned(t, addr)
}

// TestLoginsThatDovecotCannotRead (a name and nothing else) come from many addresses at once. Postfix says
// the same of them as while Dovecot is away, which would pause counting.
func TestLoginsThatDovecotCannotRead(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{})
	var clients []netip.Addr
	for host := range byte(14) { // more than policy.outage_faults
		clients = append(clients, attacker4(host+1))
	}
	must(t, together(clients, func(addr netip.Addr) error {
		s, err := l.Attacker.Connect(addr, lab.PortSMTP)
		if err != nil {
			return err
		}
		code, err := s.Auth("PLAIN YQ==", "", "")
		if err == nil && code != lab.CodeRefused {
			err = fmt.Errorf("answer %d to a login that cannot be read, want %d", code, lab.CodeRefused)
		}
		return errors.Join(err, s.Quit())
	}))
	must(t, caughtUp())
	m, err := l.Metrics()
	must(t, err)
	if n := m.Sum("smtpbl_events_total", `kind="auth_fail"`); n < float64(len(clients)) {
		t.Errorf("%v failures of %d logins", n, len(clients))
	}
	if m.Sum("smtpbl_counting_paused") != 0 {
		t.Error("counting is paused")
	}
}

// notBanned expects that everything said so far was read and that packets
// from addr still pass.
func notBanned(t *testing.T, addr netip.Addr) {
	t.Helper()
	must(t, caughtUp())
	yes, err := laboratory.Checked(addr.String())
	must(t, err)
	if yes {
		t.Fatalf("%s is banned", addr)
	}
	must(t, open(laboratory.Attacker, addr))
}
