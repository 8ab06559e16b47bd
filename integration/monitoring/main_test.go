// Package monitoring tests the alert rules and the dashboard with the real
// Prometheus of Debian, which scrapes the built service in a laboratory.
package monitoring

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

var laboratory *lab.Lab

func TestMain(m *testing.M) {
	labtest.Main(m, func() (err error) {
		laboratory, err = lab.Enter(lab.Options{Say: labtest.Say, Packages: []string{"prometheus"}, Program: true})
		return err
	})
}

// world gives a test a machine on which smtpbl has never run.
func world(t *testing.T) *lab.Lab {
	t.Helper()
	labtest.Need(t)
	must(t, laboratory.DeleteTable())
	state, err := filepath.Glob(lab.StateDir + "/*")
	must(t, err)
	for _, name := range state {
		must(t, os.RemoveAll(name))
	}
	must(t, os.WriteFile(lab.MailLog, nil, 0o644))
	return laboratory
}

// serve runs the service until the test ends.
func serve(t *testing.T, l *lab.Lab) *lab.Service {
	t.Helper()
	s, err := l.Service(t.Context(), lab.Start{})
	must(t, err)
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the service's log:\n%s", s.Log)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
