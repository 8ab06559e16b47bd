package integration

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// All tests run the service as its unit does, with CAP_NET_ADMIN and nothing
// more: so that suffices. TestRefusesToStart takes it away.

// TestRights reads from the kernel which rights the service has.
func TestRights(t *testing.T) {
	world(t)
	s := serve(t, lab.Start{})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	must(t, err)
	for _, want := range []string{
		`Uid:\s+[1-9]\d*`,
		`CapEff:\s+0000000000001000`, // CAP_NET_ADMIN is number 12
		`CapPrm:\s+0000000000001000`,
		`CapBnd:\s+0000000000001000`,
		`NoNewPrivs:\s+1`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).Match(status) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
}

// unreadable expects that the log, status and its warnings say that the mail log
// may not be read, and how to come to read it.
func unreadable(t *testing.T, s *lab.Service, advice string) {
	t.Helper()
	if _, err := s.Log.Await(t.Context(), soon, lab.MailLog, "permission denied", advice); err != nil {
		t.Error(err)
	}
	out, err := laboratory.Smtpbl("status")
	must(t, err)
	if !strings.Contains(out, "WARNING") || !strings.Contains(out, lab.MailLog+" cannot be read") || !strings.Contains(out, advice) {
		t.Errorf("status does not say %q:\n%s", advice, out)
	}
}

// TestNeedsItsGroup takes the groups of its user away: the mail log is for the
// group adm.
func TestNeedsItsGroup(t *testing.T) {
	world(t)
	unreadable(t, serve(t, lab.Start{Groups: []string{}}), "usermod -aG adm smtpbl")
}

// TestLogOfRootAlone has a log that no group may read, and does what it is
// advised to.
func TestLogOfRootAlone(t *testing.T) {
	world(t)
	must(t, os.Chown(lab.MailLog, 0, 0))
	must(t, os.Chmod(lab.MailLog, 0o600))
	s := serve(t, lab.Start{})
	unreadable(t, s, "CAP_DAC_READ_SEARCH")
	must(t, s.Stop(t.Context()))
	serve(t, lab.Start{DropIn: "[Service]\nAmbientCapabilities=CAP_DAC_READ_SEARCH\nCapabilityBoundingSet=CAP_DAC_READ_SEARCH\n"})
	earn(t, attacker4(1))
}

// TestPatternOfRootAlone has logs in a directory that only root may list.
func TestPatternOfRootAlone(t *testing.T) {
	l := world(t)
	dir := t.TempDir() // is root's, as those above it are
	must(t, os.Chmod(dir, 0o700))
	s := serve(t, lab.Start{Config: fmt.Sprintf("[ingest]\nfiles = [%q]\njournal = \"off\"\n", dir+"/*.log")})
	if _, err := s.Log.Await(t.Context(), soon, "no log is found by "+dir, "permission denied", "CAP_DAC_READ_SEARCH"); err != nil {
		t.Error(err)
	}
	out, err := l.Smtpbl("status")
	must(t, err)
	if !strings.Contains(out, "no log is found by "+dir) {
		t.Errorf("status does not say so:\n%s", out)
	}
}
