package main

import (
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
	decisions []policy.Decision // of one block, and used again
	// banned takes each ban; it is valid until banned returns.
	banned func(d *policy.Decision)
}

// block takes the events of a block; one whose line has no time cannot be
// judged.
func (j *judge) block(_ []uint64, events []policy.Event) {
	j.decisions = j.engine.ObserveBatch(timed(events), j.decisions[:0])
	for i := range j.decisions {
		if d := &j.decisions[i]; d.Ban() {
			j.banned(d)
		}
	}
}

// timed drops events without a time. They are too large to be copied by
// slices.DeleteFunc for each question.
func timed(events []policy.Event) []policy.Event {
	n := 0
	for i := range events {
		if events[i].Time.IsZero() {
			continue
		}
		if n < i {
			events[n] = events[i]
		}
		n++
	}
	return events[:n]
}

func (a *app) scanBans(ctx context.Context, cfg config.Config, files []string, asJSON bool) error {
	engine, err := a.scanEngine(ctx, &cfg)
	if err != nil {
		return err
	}
	j := &judge{engine: engine}
	own, err := detectors(&cfg.Ingest)
	if err != nil {
		return err
	}
	s, shown := newScanner(parsers(), own, j.block), a.progress(false)
	if asJSON {
		r := &scanReport{Bans: []scanned{}}
		j.banned = r.add
		failed := a.eachLog(ctx, files, s, shown)
		r.Lines, r.Events = s.lines, s.events
		return errors.Join(a.printJSON(r), failed)
	}
	p := &banPrinter{out: a.stdout, shown: shown}
	j.banned = p.add
	failed := a.eachLog(ctx, files, s, shown)
	return errors.Join(p.finish(s), failed)
}

func (r *scanReport) add(d *policy.Decision) {
	r.Bans = append(r.Bans, scanned{
		Addr: enforce.Addr(d.Prefix), At: d.At, Until: d.Until, Reason: d.Reason(), Failures: d.Failures,
	})
}

// banPrinter prints bans for people while the logs are read, since a month of
// an attack has more of them than should be kept in memory.
type banPrinter struct {
	out   io.Writer
	shown *progress // where it must make room
	text  []byte    // whole lines not printed yet
	bans  int
	err   error // of the first write that failed
}

// printSize is how much text makes a write worth its while.
const printSize = 32 << 10

func (p *banPrinter) add(d *policy.Decision) {
	p.text = d.At.AppendFormat(p.text, time.DateTime)
	p.text = append(append(p.text, "  "...), enforce.Addr(d.Prefix)...)
	p.text = d.Until.AppendFormat(append(p.text, "  until "...), time.DateTime)
	p.text = append(d.AppendReason(append(p.text, "  "...)), '\n')
	if p.bans++; len(p.text) >= printSize {
		p.flush()
	}
}

func (p *banPrinter) flush() {
	if p.err == nil {
		p.shown.clear(func() { _, p.err = p.out.Write(p.text) })
	}
	p.text = p.text[:0]
}

// finish prints what is left, and the sums.
func (p *banPrinter) finish(s *scanner) error {
	p.text = fmt.Appendf(p.text, "%d bans from %d events in %d lines\n", p.bans, s.events, s.lines)
	p.flush()
	if p.err != nil {
		return fmt.Errorf("print bans: %w", p.err)
	}
	return nil
}
