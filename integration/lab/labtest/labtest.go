// Package labtest runs the tests of a package in a laboratory.
package labtest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// requireVar makes a laboratory that cannot be had a failure instead of a
// skip, so that a skip never hides a suite that does not work.
const requireVar = "SMTPBL_REQUIRE_NETNS"

// missing is why there is no laboratory.
var missing error

// Main is what a package's TestMain does: it enters the laboratory, which starts
// the program again, and runs the tests there. Where the machine can have none,
// they run without it.
func Main(m *testing.M, enter func() error) {
	if flag.Parse(); flag.Lookup("test.list").Value.String() != "" {
		os.Exit(m.Run()) // only names are asked for
	}
	missing = enter()
	if missing != nil && (os.Getenv(requireVar) == "1" || !errors.Is(missing, lab.ErrUnavailable)) {
		fmt.Fprintln(os.Stderr, "enter the laboratory:", missing)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Need skips a test where there is no laboratory.
func Need(t *testing.T) {
	t.Helper()
	if missing != nil {
		t.Skip(missing)
	}
}

// Say prints how the laboratory comes about.
func Say(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }
