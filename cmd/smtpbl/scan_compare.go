package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/compare"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/term"
	"github.com/smtpbl/smtpbl/policy"
)

// comparing is what the flags of "scan --compare" say.
type comparing struct {
	with              string // the new configuration
	users, plot, json bool
}

// check refuses flags that mean nothing together.
func (x *comparing) check(events bool) error {
	switch {
	case x.with != "" && events:
		return usagef("--events prints lines before any policy: leave out --compare or --events")
	case x.with == "" && (x.users || x.plot):
		return usagef("--users and --plot go with --compare NEW")
	}
	return nil
}

// scanCompare reads the logs once and lets the policy of cfg and that of the new
// configuration judge what they say.
func (a *app) scanCompare(ctx context.Context, cfg config.Config, files []string, x comparing) error {
	with, err := config.Load(x.with)
	if err != nil {
		return missingConfig(x.with, err)
	}
	if !reflect.DeepEqual(cfg.Ingest.Detectors, with.Ingest.Detectors) {
		fmt.Fprintf(a.stderr, "smtpbl: note: the detectors of %s are not used: both policies judge what the current ones find\n", x.with)
	}
	was, err := a.scanEngine(ctx, &cfg)
	if err != nil {
		return err
	}
	might, err := a.scanEngine(ctx, &with)
	if err != nil {
		return err
	}
	own, err := detectors(&cfg.Ingest)
	if err != nil {
		return err
	}
	c := compare.New(was, might)
	s := newScanner(parsers(), own, func(_ []uint64, events []policy.Event) { c.Observe(timed(events)) })
	failed := a.eachLog(ctx, files, s, a.progress(false))
	r := c.Report(compare.Detail{Users: x.users, Kept: x.json})
	r.Old, r.New, r.Lines, r.Events = a.configName(), x.with, s.lines, s.events
	if x.json {
		return errors.Join(a.printJSON(r), failed)
	}
	return errors.Join(compare.Print(a.stdout, r, a.look(x.plot)), failed)
}

// scanEngine makes an Engine whose time is that of the lines.
func (a *app) scanEngine(ctx context.Context, cfg *config.Config) (*policy.Engine, error) {
	e := newEngine(rungs(cfg), time.Time{})
	exemptions, err := neverBanned(cfg.Policy, a.logger(false)).Current(ctx)
	if err != nil {
		return nil, err
	}
	e.SetExempt(exemptions)
	return e, nil
}

// configName is what the current policy is called.
func (a *app) configName() string {
	if a.defaults {
		return "the defaults"
	}
	return a.configPath
}

// look tells what a comparison has to be printed on. There is a plot where
// somebody sees it, or wants it.
func (a *app) look(plot bool) compare.Look {
	return compare.Look{Plot: plot || term.Is(a.stdout), Unicode: a.unicode(), Columns: term.Columns(a.stdout)}
}

// unicode tells whether the locale's characters are UTF-8 (locale(7)).
func (a *app) unicode() bool {
	if a.getenv == nil {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(a.getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}
