// Package scenario checks smtpbl in a machine that is a mail server, from the
// outside: what counts is how an attacker's attempts end and what the kernel
// has, and not what the service says of itself.
//
// The checks stand in one order, so that few boots are needed: the package is
// installed, attacked, disturbed, rebooted, its power is cut, and it is purged.
// Each check has attackers of its own and leaves the machine as it found it.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/vm"
)

// Options are what the scenario needs beside the machine. All are paths of this
// machine.
type Options struct {
	// Attack is the program scripts/vm-test/attack.
	Attack string
	// Deb is the package, and Newer one of a higher version to upgrade to.
	Deb, Newer string
	// Quick leaves out what takes long.
	Quick bool
	// Only names the checks to run, and those without which nothing works run
	// too. Empty: all.
	Only []string
}

// scenario is one run.
type scenario struct {
	m         *vm.VM
	r         *Report
	o         Options
	attackers int // how many there were
	kept      bool
}

// check is one row of the scenario. It returns what it measured, in a few words.
type check struct {
	name  string
	about string
	when  when
	run   func(*scenario, context.Context) (string, error)
}

// when tells in which runs a check has a place.
type when int

const (
	full  when = iota // in full ones
	quick             // in quick ones too
	vital             // in all; without it there is no point in going on
)

// mostTime is how long one check may take on a real processor.
const mostTime = 3 * time.Minute

// Run does the checks in m, which has been started. Its error is why it could
// not go on; what is merely wrong is in r.
func Run(ctx context.Context, m *vm.VM, r *Report, o Options) error {
	s := &scenario{m: m, r: r, o: o}
	for _, c := range checks {
		if !s.wanted(c) {
			continue
		}
		if err := s.try(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// Known tells whether there is a check of that name.
func Known(name string) error {
	var names []string
	for _, c := range checks {
		if c.name == name {
			return nil
		}
		names = append(names, c.name)
	}
	return fmt.Errorf("no check %q; there are %s", name, strings.Join(names, ", "))
}

func (s *scenario) wanted(c check) bool {
	if c.when == vital {
		return true
	}
	if len(s.o.Only) > 0 {
		return slices.Contains(s.o.Only, c.name)
	}
	return c.when == quick || !s.o.Quick
}

// try does one check and reports it.
func (s *scenario) try(ctx context.Context, c check) error {
	limited, cancel := context.WithTimeout(ctx, s.m.Slow(mostTime))
	defer cancel()
	note, err := c.run(s, limited)
	text := c.name + ": " + c.about
	if note != "" {
		text += " (" + note + ")"
	}
	if s.r.CheckErr(text, err) {
		return nil
	}
	s.keep(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.when == vital || errors.Is(err, vm.ErrGone) {
		return fmt.Errorf("no further checks make sense after %q", c.name)
	}
	return nil
}

// keep fetches the guest's logs at the first failure, when they tell most.
func (s *scenario) keep(ctx context.Context) {
	if s.kept {
		return
	}
	s.kept = true
	dir, err := s.m.Keep(ctx)
	s.r.Note("what the machine looked like then is in %s", dir)
	if err != nil {
		s.r.Note("not all of it could be had: %v", err)
	}
}

// sh runs a script that must work, and returns its output without the space
// around it.
func (s *scenario) sh(ctx context.Context, format string, args ...any) (string, error) {
	out, err := s.m.Must(ctx, fmt.Sprintf(format, args...))
	return strings.TrimSpace(out), err
}

// do runs scripts that must work, one after the other.
func (s *scenario) do(ctx context.Context, scripts ...string) error {
	for _, script := range scripts {
		if _, err := s.m.Must(ctx, script); err != nil {
			return err
		}
	}
	return nil
}

// soon is how long what should happen at once may take.
const soon = 15 * time.Second
