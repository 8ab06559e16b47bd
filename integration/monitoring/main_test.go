// Package monitoring tests the alert rules and the dashboard with the real
// Prometheus of Debian, which scrapes the built service in a laboratory.
package monitoring

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// requireVar makes a laboratory that cannot be had a failure instead of a skip.
const requireVar = "SMTPBL_REQUIRE_NETNS"

var (
	laboratory *lab.Lab
	noLab      error // why there is none
)

func TestMain(m *testing.M) {
	if flag.Parse(); flag.Lookup("test.list").Value.String() != "" {
		os.Exit(m.Run()) // only names are asked for
	}
	laboratory, noLab = lab.Enter(lab.Options{
		Say:      func(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) },
		Packages: []string{"prometheus"},
		Program:  true,
	})
	if noLab != nil && (os.Getenv(requireVar) == "1" || !errors.Is(noLab, lab.ErrUnavailable)) {
		fmt.Fprintln(os.Stderr, "enter the laboratory:", noLab)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// world gives a test a machine on which smtpbl has never run.
func world(t *testing.T) *lab.Lab {
	t.Helper()
	if noLab != nil {
		t.Skip(noLab)
	}
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
	_, err = s.Log.Await(t.Context(), startWait, "serving metrics") // it is ready without
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the service's log:\n%s", s.Log)
		}
	})
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
