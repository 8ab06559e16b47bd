package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/image"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/scenario"
)

// driver tests rows, each part of one in a machine of its own.
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

// scene is the part that is not a suite of Go tests.
const scene = "scenario"

// parts are what is tested of each row, what takes longest first: then no
// processor is idle at the end while another has much to do.
func (d *driver) parts() []string {
	parts := slices.Clone(d.o.suites)
	if d.o.scenario {
		parts = append(parts, scene)
	}
	order := []string{"integration", scene, "nft"}
	slices.SortFunc(parts, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return parts
}

// rows tests all parts of all rows, no more than -jobs at a time.
func (d *driver) rows(ctx context.Context) []*result {
	parts := d.parts()
	results := make([][]*result, len(d.o.rows))
	var g errgroup.Group
	g.SetLimit(d.o.jobs)
	for i := range results {
		results[i] = make([]*result, len(parts))
	}
	for p, part := range parts {
		for i, row := range d.o.rows {
			g.Go(func() error {
				if ctx.Err() == nil {
					results[i][p] = d.part(ctx, row, part)
				}
				return nil
			})
		}
	}
	_ = g.Wait() // what became of a part is its result
	if ctx.Err() != nil {
		return nil
	}
	var sums []*result
	for _, r := range results {
		sums = append(sums, sum(r))
	}
	return sums
}

// turns is a Writer for several machines at a time: what one of them writes at once
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

// part tests a part of a row in a machine that has just booted, and keeps what
// tells of a failure.
func (d *driver) part(ctx context.Context, row rig.Row, part string) *result {
	began := time.Now()
	name := row.String() + " " + part
	res := &result{row: row, tallies: map[string]*gotest.Tally{}}
	defer func() { res.wall = time.Since(began) }()
	fmt.Fprintf(d.w, "\n== %s\n", name)
	m, err := d.rig.Machine(ctx, row, name)
	if err != nil {
		// The row that proves the most may not be missing.
		res.skipped = errors.Is(err, image.ErrUnreachable) && row != quick
		res.fail(d.w, err)
		return res
	}
	defer func() { _ = m.Close() }()
	res.debian, res.kernel = m.System.Version, m.Kernel.Version
	if err = d.onMachine(ctx, m, part, res); err != nil {
		res.fail(d.w, err)
	}
	res.cpu = m.CPU()
	if res.bad() && res.report == nil || d.o.keep { // a scenario keeps what its first failure leaves
		dir, err := m.Keep(ctx)
		d.say("kept in %s: console and logs of %s", dir, name)
		if err != nil {
			d.say("not all could be kept: %v", err)
		}
	}
	return res
}

// onMachine boots, and does the part.
func (d *driver) onMachine(ctx context.Context, m *rig.Machine, part string, res *result) error {
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
	d.say("%s: Debian %s, Linux %s, systemd %s, answers after %.0f s", m.Name(), res.debian, res.kernel, res.systemd, res.boot.Seconds())
	if part != scene {
		return d.suite(ctx, m, part, res)
	}
	res.report = scenario.NewReport(res.row.String(), d.w)
	if err = scenario.Run(ctx, m.VM, res.report, d.attack); err != nil {
		res.report.Check("the scenario goes on to its end", false, err.Error())
	}
	return nil
}
