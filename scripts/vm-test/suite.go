package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
)

// suiteDeadline is that of one package's tests on a real machine.
const suiteDeadline = 15 * time.Minute

// suite runs the tests of a suite's packages.
func (d *driver) suite(ctx context.Context, m *rig.Machine, suite string, res *result) error {
	tally := &gotest.Tally{}
	res.tallies[suite] = tally
	for _, b := range d.tests[suite] {
		t := gotest.Test{
			Binary: b, Module: d.module, Deadline: suiteDeadline,
			Args: []string{"-test.v", fmt.Sprintf("-test.timeout=%s", m.Slow(suiteDeadline))},
		}
		if suite == "integration" {
			t.Program = d.program
		}
		if err := d.test(ctx, m, t, tally, res.row); err != nil {
			return err
		}
	}
	return nil
}

// test runs the tests of one package. Their output is in a file while they run,
// and afterwards if they fail. An error is one after which nothing more can be
// run.
func (d *driver) test(ctx context.Context, m *rig.Machine, t gotest.Test, tally *gotest.Tally, row rig.Row) error {
	began, before := time.Now(), *tally
	log, err := makeLog(m.Artefacts(), t.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	code, err := gotest.Run(ctx, m.VM, t, io.MultiWriter(log, tally))
	ok := err == nil && code == 0
	if !ok && len(tally.Failed) == len(before.Failed) {
		tally.Failed = append(tally.Failed, t.Dir) // it died without a test's name
	}
	var report strings.Builder
	tell(&report, row, t.Dir, ok, tally, before, time.Since(began))
	if !ok {
		fmt.Fprintf(&report, "    exit code %d, all of the output is in %s\n", code, log.Name())
		if err != nil {
			fmt.Fprintf(&report, "    %s\n", indented(err.Error()))
		}
		output, err := os.ReadFile(log.Name())
		if err != nil {
			return err
		}
		fmt.Fprintf(&report, "    %s\n", indented(shown(string(output))))
	}
	fmt.Fprint(d.w, report.String())
	if ok && !d.o.keep {
		if err := os.Remove(log.Name()); err != nil {
			return err
		}
	}
	if m.Off() {
		return errors.New("the machine went off")
	}
	return nil
}

// makeLog makes the file for what the tests of a package print.
func makeLog(folder, dir string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(folder, strings.ReplaceAll(dir, "/", "-")+".log"))
}

func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }

// tell writes the line of one package, in the form of the scenario's checks.
func tell(w io.Writer, row rig.Row, dir string, ok bool, now *gotest.Tally, before gotest.Tally, took time.Duration) {
	word := "ok"
	if !ok {
		word = "NOT OK"
	}
	fmt.Fprintf(w, "%s [%s] go test ./%s: %d passed, %d failed, %d skipped (%.1f s)\n", word, row, dir,
		now.Passed-before.Passed, len(now.Failed)-len(before.Failed), len(now.Skipped)-len(before.Skipped), took.Seconds())
	for _, s := range now.Skipped[len(before.Skipped):] {
		fmt.Fprintf(w, "    skipped: %s\n", s)
	}
}

// shown is the part of a log that tells of failures: its end, without the lines
// that only name tests.
func shown(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(strings.TrimSpace(line), "--- PASS") {
			lines = append(lines, line)
		}
	}
	const most = 120
	return strings.TrimSpace(strings.Join(lines[max(0, len(lines)-most):], ""))
}
