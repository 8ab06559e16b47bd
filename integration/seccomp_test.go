package integration

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestSystemCallFilter expects that the filter of the unit is in force, which
// makes all other tests prove that it allows enough. And with one call less that
// the service does need, it does not start: a filter that was not looked at would
// not tell.
func TestSystemCallFilter(t *testing.T) {
	world(t)
	s := serve(t, lab.Start{})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	must(t, err)
	if !regexp.MustCompile(`(?m)^Seccomp:\s+2$`).Match(status) {
		t.Errorf("no filter of system calls is in force:\n%s", status)
	}
	must(t, s.Stop(t.Context()))
	code, err := spawn(t, lab.Start{DropIn: "SystemCallFilter=~socket\n"}).Wait(t.Context())
	must(t, err)
	if code == 0 {
		t.Error("without socket(2) it starts all the same")
	}
}
