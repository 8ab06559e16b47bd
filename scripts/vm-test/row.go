package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/image"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/scenario"
)

// driver tests rows, each in a machine of its own.
type driver struct {
	o       options
	rig     *rig.Rig
	w       io.Writer
	say     func(format string, args ...any)
	module  string
	program string
	attack  scenario.Options
	tests   map[string][]gotest.Binary // by suite
}

// build compiles what is the same for all rows.
func (d *driver) build(ctx context.Context) error {
	var err error
	if d.module, err = gotest.Module(ctx); err != nil {
		return err
	}
	d.tests = map[string][]gotest.Binary{}
	for _, suite := range d.o.suites {
		if d.tests[suite], err = d.rig.Tests(ctx, d.module, packagesOf[suite]...); err != nil {
			return err
		}
	}
	if d.program, err = d.rig.Program(ctx, d.module); err != nil || !d.o.scenario {
		return err
	}
	d.attack, err = scenario.Build(ctx, d.module, d.rig.Folder())
	d.attack.Quick, d.attack.Only = d.o.quick, d.o.checks
	return err
}

// rows tests all rows, no more than -jobs at a time.
func (d *driver) rows(ctx context.Context) []*result {
	results := make([]*result, len(d.o.rows))
	var g errgroup.Group
	g.SetLimit(d.o.jobs)
	for i, row := range d.o.rows {
		g.Go(func() error {
			if ctx.Err() == nil {
				results[i] = d.row(ctx, row)
			}
			return nil
		})
	}
	_ = g.Wait() // what became of a row is its result
	return results
}

// turns is a Writer for several rows at a time: what one of them writes at once
// stays together.
type turns struct {
	mu sync.Mutex
	w  io.Writer
}

func (t *turns) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(p)
}

// row tests one row, and keeps what tells of a failure.
func (d *driver) row(ctx context.Context, row rig.Row) *result {
	began := time.Now()
	res := &result{row: row, tallies: map[string]*gotest.Tally{}}
	defer func() { res.wall = time.Since(began) }()
	fmt.Fprintf(d.w, "\n== %s\n", row)
	m, err := d.rig.Machine(ctx, row)
	if err != nil {
		// The row that proves the most may not be missing.
		res.skipped = errors.Is(err, image.ErrUnreachable) && row != quick
		res.fail(d.w, err)
		return res
	}
	defer func() { _ = m.Close() }()
	res.debian, res.kernel = m.System.Version, m.Kernel.Version
	if err = d.onMachine(ctx, m, res); err != nil {
		res.fail(d.w, err)
	}
	res.cpu = m.CPU()
	if res.bad() || d.o.keep {
		dir, err := m.Keep(ctx)
		d.say("kept in %s: console and logs of %s", dir, row)
		if err != nil {
			d.say("not all could be kept: %v", err)
		}
	}
	return res
}

// onMachine boots, and gives the scenario and each suite a machine that has just
// booted.
func (d *driver) onMachine(ctx context.Context, m *rig.Machine, res *result) error {
	if err := m.Start(ctx); err != nil {
		return err
	}
	if err := m.Settled(ctx); err != nil {
		return err
	}
	systemd, err := m.Must(ctx, "systemctl --version | sed -n '1s/systemd \\([0-9]*\\).*/\\1/p'")
	if err != nil {
		return err
	}
	res.boot, res.systemd = m.Boot(), strings.TrimSpace(systemd)
	d.say("%s: Debian %s, Linux %s, systemd %s, answers after %.0f s", res.row, res.debian, res.kernel, res.systemd, res.boot.Seconds())
	const booted = "booted"
	if err = m.Snapshot(ctx, booted); err != nil {
		return err
	}
	if d.o.scenario {
		res.report = scenario.NewReport(res.row.String(), d.w)
		if err = scenario.Run(ctx, m.VM, res.report, d.attack); err != nil {
			res.report.Check("the scenario goes on to its end", false, err.Error())
		}
	}
	for _, suite := range d.o.suites {
		if err = m.Restore(ctx, booted); err != nil {
			return err
		}
		if err = d.suite(ctx, m, suite, res); err != nil {
			return err
		}
	}
	return nil
}

// suiteDeadline is that of one package's tests on a real machine.
const suiteDeadline = 10 * time.Minute

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
	log, err := d.log(row, t.Dir)
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

// log makes the file for what the tests of a package print.
func (d *driver) log(row rig.Row, dir string) (*os.File, error) {
	folder := filepath.Join(d.o.artefacts, strings.ReplaceAll(row.String(), ":", "-"))
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
