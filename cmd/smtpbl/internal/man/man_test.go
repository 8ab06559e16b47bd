// Package man_test checks the manual pages against the program. What they say of
// commands and metrics is checked beside these, in cmd/smtpbl and in metrics.
package man_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

const (
	commands      = "smtpbl.8"
	configuration = "smtpbl.toml.5"
)

// TestMandocFindsNoFault runs mandoc's lint. That a page refers to another one
// which this machine lacks is no fault.
func TestMandocFindsNoFault(t *testing.T) {
	tool := need(t, "mandoc")
	for _, page := range []string{commands, configuration} {
		cmd := exec.CommandContext(t.Context(), tool, "-T", "lint")
		cmd.Stdin = strings.NewReader(read(t, page)) // so that go test knows what the result depends on
		out, err := cmd.Output()
		if len(out) == 0 && err != nil { // else the status tells the level of what is in the output
			t.Fatalf("mandoc: %v", err)
		}
		for line := range strings.Lines(string(out)) {
			if !strings.Contains(line, "referenced manual not found") {
				t.Errorf("%s: %s", page, strings.TrimSpace(line))
			}
		}
	}
}

// TestGroffFindsNoFault has groff set the pages with all warnings: that is what
// man(1) shows them with on Linux.
func TestGroffFindsNoFault(t *testing.T) {
	tool := need(t, "groff")
	for _, page := range []string{commands, configuration} {
		var said bytes.Buffer
		cmd := exec.CommandContext(t.Context(), tool, "-mandoc", "-Tutf8", "-ww")
		cmd.Stdin, cmd.Stderr = strings.NewReader(read(t, page)), &said
		out, err := cmd.Output()
		if err != nil || said.Len() > 0 {
			t.Errorf("%s: %v\n%s", page, err, &said)
		}
		if len(out) == 0 {
			t.Errorf("%s: groff shows nothing", page)
		}
	}
}

// need finds a program. Without it the test is skipped, or fails where the
// whole of the suite has to run.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		nstest.Lacks(t, program+" is not installed: apt-get install mandoc groff-base")
	}
	return path
}
