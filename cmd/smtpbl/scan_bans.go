package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/policy"
)

// scanned is one ban as "scan --json" prints it.
type scanned struct {
	Addr     string    `json:"addr"`
	At       time.Time `json:"at"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
	Failures int       `json:"failures"`
}

type scanReport struct {
	Bans   []scanned `json:"bans"`
	Lines  uint64    `json:"lines"`
	Events uint64    `json:"events"`
}

// judge gives events to an Engine like the service's; only the clock is the
// lines' own.
type judge struct {
	engine    *policy.Engine
	decisions []policy.Decision
}

// event takes one event; one whose line has no time cannot be judged.
func (j *judge) event(_ uint64, ev *policy.Event) {
	if !ev.Time.IsZero() {
		j.decisions = j.engine.Observe(ev, j.decisions)
	}
}

func (a *app) scanBans(ctx context.Context, cfg config.Config, files []string, asJSON bool) error {
	j := &judge{engine: newEngine(cfg.Policy, time.Time{})}
	exemptions, err := neverBanned(cfg.Policy, a.logger(false)).Current(ctx)
	if err != nil {
		return err
	}
	j.engine.SetExempt(exemptions)
	own, err := detectors(&cfg.Ingest)
	if err != nil {
		return err
	}
	s := newScanner(parsers(), own, j.event)
	failed := a.eachLog(ctx, files, s, a.progress(false))
	report := j.report(s)
	if asJSON {
		return errors.Join(a.printJSON(report), failed)
	}
	return errors.Join(report.print(a.stdout), failed)
}

func (j *judge) report(s *scanner) *scanReport {
	r := &scanReport{Bans: []scanned{}, Lines: s.lines, Events: s.events}
	for i := range j.decisions {
		if d := &j.decisions[i]; d.Ban() {
			r.Bans = append(r.Bans, scanned{
				Addr: enforce.Addr(d.Prefix), At: d.At, Until: d.Until, Reason: d.Reason(), Failures: d.Failures,
			})
		}
	}
	return r
}

func (r *scanReport) print(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i := range r.Bans {
		b := &r.Bans[i]
		_, _ = fmt.Fprintf(out, "%s  %s  until %s  %s\n", b.At.Format(time.DateTime), b.Addr, b.Until.Format(time.DateTime), b.Reason)
	}
	_, _ = fmt.Fprintf(out, "%d bans from %d events in %d lines\n", len(r.Bans), r.Events, r.Lines)
	return out.Flush()
}
