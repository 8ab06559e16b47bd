package integration

import (
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestRestart stops the service in the middle of attacks: what was counted
// counts once and no more, what was banned stays so, and what was written
// meanwhile is read.
func TestRestart(t *testing.T) {
	ends := map[string]func(t *testing.T, s *lab.Service){
		"stopped": func(t *testing.T, s *lab.Service) { must(t, s.Stop(t.Context())) },
		"killed":  func(t *testing.T, s *lab.Service) { must(t, s.Kill()) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			first := serve(t, lab.Start{})
			done, halfway := attacker4(1), attacker4(2)
			earn(t, done)
			failTimes(t, 2, halfway)
			must(t, caughtUp())
			before, err := l.Ban(done.String())
			must(t, err)
			end(t, first)

			// No service runs: the kernel goes on by itself.
			must(t, shut(done))
			must(t, awaitBan(done))
			failTimes(t, 1, halfway)

			serve(t, lab.Start{})
			adopted(t, before)
			must(t, shut(done))
			// 2 before and 1 meanwhile: the 4th failure does not ban, the 5th does.
			failTimes(t, 1, halfway)
			notBanned(t, halfway)
			failLast(halfway, lab.PortSMTP, "PLAIN")
			must(t, awaitBan(halfway))
		})
	}
}

// adopted expects that a ban is the same as before and was not begun anew.
func adopted(t *testing.T, before *lab.Ban) {
	t.Helper()
	if before == nil {
		t.Fatal("the ban was never listed")
	}
	after, err := laboratory.Ban(before.Addr)
	must(t, err)
	switch {
	case after == nil:
		t.Fatalf("the ban of %s is gone", before.Addr)
	case after.RemainingSeconds > before.RemainingSeconds:
		t.Errorf("%s had %v s to go and now has %v s", before.Addr, before.RemainingSeconds, after.RemainingSeconds)
	case after.Reason != before.Reason:
		t.Errorf("the reason was %q and is %q", before.Reason, after.Reason)
	}
}

// TestHistory starts the service for the first time after an attack.
func TestHistory(t *testing.T) {
	l := world(t)
	attackers := []netip.Addr{attacker4(1), attacker6(1, 1)}
	for _, addr := range attackers {
		failTimes(t, threshold(addr), addr)
	}
	harmless := attacker4(2)
	failTimes(t, threshold(harmless)-1, harmless)
	must(t, l.Syslog("laboratory: the attacks are over"))
	serve(t, lab.Start{})
	for _, addr := range attackers {
		// Ready means that history is read: no waiting.
		yes, err := l.Checked(addr.String())
		must(t, err)
		if !yes {
			t.Errorf("the service is ready and %s is not banned", addr)
		}
		must(t, shut(addr))
	}
	notBanned(t, harmless)
}

// TestDryRun decides and says, and touches nothing.
func TestDryRun(t *testing.T) {
	l := world(t)
	s := serve(t, lab.Start{Args: []string{"--dry-run"}})
	addr := attacker4(1)
	failTimes(t, threshold(addr), addr)
	if _, err := s.Log.Await(t.Context(), soon, "would ban", "addr="+addr.String()); err != nil {
		t.Error(err)
	}
	found, err := l.HasTable()
	must(t, err)
	if found {
		t.Error("the dry run made a table")
	}
	must(t, open(l.Attacker, addr))
}
