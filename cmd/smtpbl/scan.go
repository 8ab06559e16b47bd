package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

func (a *app) scanCommand() *cobra.Command {
	var asJSON, events bool
	cmd := &cobra.Command{
		Use:   "scan [FILE…]",
		Short: "Read whole logs and print who would be banned, when and why",
		Long: "scan reads whole logs (plain, .gz, .zst, .xz; - is standard input) with their own time stamps\n" +
			"and prints who would be banned, when and why. Without FILE it reads the log that run would follow.",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if args, err = defaultLogs(cfg); err != nil {
					return err
				}
			}
			if events {
				return a.scanEvents(args)
			}
			return a.scanBans(cmd.Context(), cfg, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&events, "events", false, "print each recognised line as one JSON object, before any policy")
	return cmd
}

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

// scanner reads logs the way the service does, with the same parsers and the
// same Engine; only the clock is the lines' own.
type scanner struct {
	engine    *policy.Engine
	stamps    *parse.Stamper
	lines     uint64
	events    uint64
	decisions []policy.Decision
	event     policy.Event
}

func (a *app) scanBans(ctx context.Context, cfg config.Config, files []string, asJSON bool) error {
	s := &scanner{engine: newEngine(cfg.Policy, time.Time{})}
	exemptions, err := neverBanned(cfg.Policy, a.logger(false)).Current(ctx)
	if err != nil {
		return err
	}
	s.engine.SetExempt(exemptions)
	failed := a.eachLog(byAge(files), func(r io.Reader, ref time.Time) error {
		s.stamps = parse.NewStamper(ref, time.Local)
		stats, err := ingest.EachLine(r, s.line)
		s.lines += stats.Lines
		return err
	})
	report := s.report()
	if asJSON {
		return errors.Join(a.printJSON(report), failed)
	}
	return errors.Join(report.print(a.stdout), failed)
}

func (s *scanner) line(line []byte) {
	ev := &s.event
	if !parse.Line(line, ev) {
		return
	}
	s.events++
	var ok bool
	if ev.Time, ok = s.stamps.Stamp(line); !ok {
		return
	}
	s.decisions = s.engine.Observe(ev, s.decisions)
}

func (s *scanner) report() *scanReport {
	r := &scanReport{Bans: []scanned{}, Lines: s.lines, Events: s.events}
	for i := range s.decisions {
		if d := &s.decisions[i]; d.Ban() {
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

// byAge sorts logs by when they were last written, because the shell sorts
// "mail.log*" the wrong way round: the newest first. Standard input is last.
func byAge(files []string) []string {
	written := func(name string) time.Time {
		if st, err := os.Stat(name); name != "-" && err == nil {
			return st.ModTime()
		}
		return time.Now()
	}
	return slices.SortedStableFunc(slices.Values(files), func(a, b string) int {
		return written(a).Compare(written(b))
	})
}

// eachLog opens the logs one after the other. One that cannot be read is told
// and the rest goes on; the error says at the end that something is missing.
func (a *app) eachLog(files []string, read func(r io.Reader, ref time.Time) error) error {
	var failed error
	for _, name := range files {
		if err := a.openLog(name, read); err != nil {
			fmt.Fprintln(a.stderr, "smtpbl: error:", err)
			failed = errNo
		}
	}
	return failed
}

func (a *app) openLog(name string, read func(r io.Reader, ref time.Time) error) error {
	if name == "-" {
		if err := read(a.stdin, time.Now()); err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		return nil
	}
	ref, openLog := time.Now(), ingest.Open
	if st, err := os.Stat(name); err == nil {
		ref = st.ModTime() // the year that traditional stamps lack
		if st.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) != 0 {
			openLog = openPipe
		}
	}
	f, err := openLog(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if err := read(f, ref); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// openPipe opens what the shell makes of <(command), or /dev/stdin.
func openPipe(name string) (io.ReadCloser, error) { return os.Open(name) }

// seen is one event as "scan --events" prints it.
type seen struct {
	Line      uint64     `json:"line"`
	Time      *time.Time `json:"time"`
	Service   string     `json:"service"`
	Kind      string     `json:"kind"`
	Addr      string     `json:"addr"`
	User      string     `json:"user,omitempty"`
	Mechanism string     `json:"mechanism,omitempty"`
	Detail    string     `json:"detail,omitempty"`
}

func (a *app) scanEvents(files []string) error {
	out := bufio.NewWriter(a.stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	failed := a.eachLog(files, func(r io.Reader, ref time.Time) error {
		stamps := parse.NewStamper(ref, time.Local)
		var n uint64
		var ev policy.Event
		var printErr error
		_, err := ingest.EachLine(r, func(line []byte) {
			n++
			if parse.Line(line, &ev) && ev.Kind != policy.BackendFault {
				printErr = errors.Join(printErr, enc.Encode(asSeen(n, line, &ev, stamps)))
			}
		})
		return errors.Join(err, printErr)
	})
	return errors.Join(out.Flush(), failed)
}

func asSeen(n uint64, line []byte, ev *policy.Event, stamps *parse.Stamper) *seen {
	s := &seen{
		Line: n, Service: ev.Service.String(), Kind: ev.Kind.String(), Addr: ev.Addr.String(),
		User: string(ev.User), Mechanism: string(ev.Mechanism), Detail: string(ev.Detail),
	}
	if at, ok := stamps.Stamp(line); ok {
		s.Time = &at
	}
	return s
}
