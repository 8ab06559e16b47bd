package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// fail makes one failed login and expects the server to answer that it
// failed: whoever gets that answer was not banned before.
func fail(from netip.Addr, port uint16, mechanism string) error {
	code, err := laboratory.Attacker.Login(from, port, mechanism, "alice", "wrong")
	if err == nil && code != lab.CodeRefused {
		err = fmt.Errorf("answer %d", code)
	}
	if err != nil {
		return fmt.Errorf("fail %s on port %d from %s: %w", mechanism, port, from, err)
	}
	return nil
}

// failLast makes the failed login that bans. Dovecot logs the failure before
// Postfix answers, so the connection may be gone before the answer comes.
func failLast(from netip.Addr, port uint16, mechanism string) {
	_, _ = laboratory.Attacker.Login(from, port, mechanism, "alice", "wrong")
}

// failTimes makes n failed logins on port 25, all of which are answered.
func failTimes(t *testing.T, n int, from netip.Addr) {
	t.Helper()
	for range n {
		must(t, fail(from, lab.PortSMTP, "PLAIN"))
	}
}

// earn makes as many failed logins as it takes, all at once, and waits for the
// ban.
func earn(t *testing.T, attackers ...netip.Addr) {
	t.Helper()
	must(t, together(attackers, func(from netip.Addr) error {
		for range threshold(from) - 1 {
			if err := fail(from, lab.PortSMTP, "PLAIN"); err != nil {
				return err
			}
		}
		failLast(from, lab.PortSMTP, "PLAIN")
		return awaitBan(from)
	}))
}

// together calls f for all addresses at the same time.
func together(addrs []netip.Addr, f func(netip.Addr) error) error {
	results := make(chan error, len(addrs))
	for _, addr := range addrs {
		go func() { results <- f(addr) }()
	}
	errs := make([]error, 0, len(addrs))
	for range addrs {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// awaitBan waits until packets from addr are dropped according to smtpbl.
func awaitBan(addr netip.Addr) error {
	return lab.Until(fmt.Sprintf("%s is banned", addr), soon, func() error {
		yes, err := laboratory.Checked(addr.String())
		if err == nil && !yes {
			err = fmt.Errorf("smtpbl set check %s says no", addr)
		}
		return err
	})
}

// shut expects that all mail ports drop what comes from addr and that port 22
// answers it.
func shut(addr netip.Addr) error {
	for _, port := range mailPorts {
		silent, err := laboratory.Attacker.Dropped(addr, port)
		if err == nil && !silent {
			err = fmt.Errorf("port %d answers", port)
		}
		if err != nil {
			return fmt.Errorf("%s is banned: %w", addr, err)
		}
	}
	return answers(laboratory.Attacker, addr, 22, "SSH-2.0-")
}

// open expects that port 25 greets whoever comes from addr.
func open(host *lab.Host, addr netip.Addr) error { return answers(host, addr, lab.PortSMTP, "220 ") }

func answers(host *lab.Host, addr netip.Addr, port uint16, greeting string) error {
	got, err := host.Greeting(addr, port, soon)
	if err == nil && !strings.HasPrefix(got, greeting) {
		err = fmt.Errorf("it says %q", got)
	}
	if err != nil {
		return fmt.Errorf("greet %s on port %d: %w", addr, port, err)
	}
	return nil
}

var mailPorts = []uint16{lab.PortSMTP, lab.PortSMTPS, lab.PortSubmission}
