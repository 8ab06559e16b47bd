package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"text/tabwriter"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/scenario"
)

// result is what became of a row, or of a part of one. The boot is that of the
// first machine, the times are those of all machines together.
type result struct {
	row                     rig.Row
	debian, kernel, systemd string
	boot, wall, cpu         time.Duration
	report                  *scenario.Report         // nil where there was no scenario
	tallies                 map[string]*gotest.Tally // by suite
	err                     error                    // why it did not go to its end
	skipped                 bool                     // and that is the archive's doing
}

func (r *result) fail(w io.Writer, err error) {
	r.err = err
	word := "NOT OK"
	if r.skipped {
		word = "skipped"
	}
	fmt.Fprintf(w, "%s [%s] %v\n", word, r.row, err)
}

// sum is the result of a row of which these are the parts.
func sum(parts []*result) *result {
	s := *parts[0]
	s.tallies = maps.Clone(s.tallies)
	for _, p := range parts[1:] {
		s.boot, s.systemd = cmp.Or(s.boot, p.boot), cmp.Or(s.systemd, p.systemd)
		s.debian, s.kernel = cmp.Or(s.debian, p.debian), cmp.Or(s.kernel, p.kernel)
		s.wall, s.cpu = s.wall+p.wall, s.cpu+p.cpu
		s.report = cmp.Or(s.report, p.report)
		s.err, s.skipped = errors.Join(s.err, p.err), s.skipped || p.skipped
		maps.Copy(s.tallies, p.tallies)
	}
	return &s
}

// counts adds up checks and tests.
func (r *result) counts() (passed, failed, skipped int) {
	switch {
	case r.skipped:
		return 0, 0, 1
	case r.err != nil:
		failed++
	}
	if r.report != nil {
		passed += r.report.Passed()
		failed += len(r.report.Failed())
	}
	for _, t := range r.tallies {
		passed += t.Passed
		failed += len(t.Failed)
		skipped += len(t.Skipped)
	}
	return passed, failed, skipped
}

// bad tells whether something failed.
func (r *result) bad() bool {
	_, failed, _ := r.counts()
	return failed > 0
}

// printTable prints a line for each row, and last the sums.
func printTable(w io.Writer, results []*result) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "row\tDebian\tkernel\tsystemd\tboot\tscenario\tnft\tintegration\twall\tCPU\t")
	var passed, failed, skipped int
	for _, r := range results {
		p, f, s := r.counts()
		passed, failed, skipped = passed+p, failed+f, skipped+s
		if r.skipped {
			fmt.Fprintf(t, "%s\tskipped: not to be had\t\t\t\t\t\t\t\t\t\n", r.row)
			continue
		}
		scene := "-"
		if r.report != nil {
			scene = count(r.report.Passed(), len(r.report.Failed()), 0)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.0f s\t%s\t%s\t%s\t%.0f s\t%.0f s\t\n", r.row, r.debian, r.kernel, r.systemd, r.boot.Seconds(),
			scene, tallied(r.tallies["nft"]), tallied(r.tallies["integration"]), r.wall.Seconds(), r.cpu.Seconds())
	}
	_ = t.Flush() // a closed terminal is nobody's error
	fmt.Fprintf(w, "\n%d passed, %d failed", passed, failed)
	if skipped > 0 {
		fmt.Fprintf(w, ", %d skipped", skipped)
	}
	fmt.Fprintln(w)
}

func tallied(t *gotest.Tally) string {
	if t == nil {
		return "-"
	}
	return count(t.Passed, len(t.Failed), len(t.Skipped))
}

// count is short for a column: what did not happen is not said.
func count(passed, failed, skipped int) string {
	s := fmt.Sprintf("%d ok", passed)
	if failed > 0 {
		s += fmt.Sprintf(", %d FAILED", failed)
	}
	if skipped > 0 {
		s += fmt.Sprintf(", %d skipped", skipped)
	}
	return s
}
