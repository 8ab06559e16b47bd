package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/pipeline"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/authpolicy"
	"github.com/smtpbl/smtpbl/ingest/parse"
)

// source is what all of them have in common.
type source interface {
	Run(ctx context.Context, h *pipeline.Collector) error
	Ready() <-chan struct{}
	Stats() ingest.Stats
	String() string
}

// sources runs every log that is read and knows the state of each.
type sources struct {
	svc    *service
	caught chan struct{} // closed when all sources found at start follow live

	mu  sync.Mutex
	all []*running
}

// running is a source with the end of its Run.
type running struct {
	source
	ended chan struct{}
}

func newSources(s *service) *sources { return &sources{svc: s, caught: make(chan struct{})} }

// ready is closed when every source follows live.
func (x *sources) ready() <-chan struct{} { return x.caught }

// run finds the sources, runs them until ctx ends, and adds those that appear
// later.
func (x *sources) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	found, err := x.choose()
	if err != nil {
		return err
	}
	for _, src := range found.sources {
		x.start(ctx, group, src)
	}
	group.Go(func() error {
		for _, src := range x.list() {
			select {
			case <-src.Ready():
			case <-src.ended:
			case <-ctx.Done():
				return nil
			}
		}
		close(x.caught)
		if len(found.await) > 0 {
			return x.await(ctx, group, found.await)
		}
		return nil
	})
	return group.Wait()
}

func (x *sources) start(ctx context.Context, group *errgroup.Group, src source) {
	r := &running{source: src, ended: make(chan struct{})}
	x.mu.Lock()
	x.all = append(x.all, r)
	x.mu.Unlock()
	group.Go(func() error {
		defer close(r.ended)
		h := pipeline.NewCollector(ctx, x.svc.judge.Batches(), parse.NewReader(x.svc.detectors), time.Local)
		err := src.Run(ctx, h)
		if err == nil {
			return nil
		}
		if x.spare(src) {
			x.svc.warn(src.String(), "this source is not read until a restart, the others are", err)
			return nil
		}
		return fmt.Errorf("%s: %w", src, err)
	})
}

// spare tells the sources without which the service still guards the mail
// server: a journal that nobody asked for or that is not the only source, and
// listeners whose port is taken.
func (x *sources) spare(src source) bool {
	switch src.String() {
	case ingest.JournalSource:
		return x.svc.cfg.Ingest.Journal == config.JournalAuto || len(x.list()) > 1
	case ingest.SyslogSource, authpolicy.Source:
		return true
	}
	return false
}

// await starts a source for each log that appears where there was none. Of
// logs found by itself the first is enough: the other places hold the same.
func (x *sources) await(ctx context.Context, group *errgroup.Group, patterns []string) error {
	for {
		known := make([]string, 0, len(x.list()))
		for _, src := range x.list() {
			known = append(known, src.String())
		}
		paths, err := ingest.Await(ctx, x.svc.log, known, patterns...)
		if err != nil {
			return ignoreCanceled(err)
		}
		itself := len(x.svc.cfg.Ingest.Files) == 0
		if itself {
			paths = paths[:1]
		}
		for _, path := range paths {
			x.svc.log.Info("mail log appeared", "path", path)
			x.start(ctx, group, x.file(path))
		}
		if itself {
			return nil
		}
	}
}

// choice is what is read, and where a log may yet appear.
type choice struct {
	sources []source
	await   []string
}

// choose takes the logs that the configuration names or, where it names none,
// those that it finds, and says which it took.
func (x *sources) choose() (choice, error) {
	in, log := &x.svc.cfg.Ingest, x.svc.log
	var c choice
	paths, open, searched, err := findLogs(in)
	if err != nil {
		return c, err
	}
	for _, path := range paths {
		c.sources = append(c.sources, x.file(path))
		log.Info("following mail log", "path", path)
	}
	c.await = open
	for _, pattern := range open {
		if why := ingest.Unlistable(pattern); why != "" {
			x.svc.warn("pattern "+pattern, "no log is found by "+pattern, errors.New(why))
		}
	}
	wantJournal := in.Journal == config.JournalOn || in.Journal == config.JournalAuto && len(paths) == 0
	if wantJournal {
		c.sources = append(c.sources, x.journal())
		log.Info("following the journal")
	}
	others, err := x.others()
	if err != nil {
		return c, err
	}
	c.sources = append(c.sources, others...)
	if len(paths) == 0 && len(others) == 0 {
		log.Warn("no mail log found yet: waiting for one", "watching", strings.Join(searched, " "), "journal", wantJournal)
	}
	return c, nil
}

// findLogs returns the logs to follow, the places where more may yet appear,
// and all places that were looked at.
func findLogs(in *config.Ingest) (paths, open, searched []string, err error) {
	if len(in.Files) > 0 {
		paths, open, err = ingest.Expand(in.Files)
		return paths, open, in.Files, err
	}
	d := ingest.Find("/")
	if len(d.Found) == 0 {
		open = d.Looked
	}
	return d.Found, open, d.Looked, nil
}

// defaultLogs are the files that "scan" without arguments reads.
func defaultLogs(cfg config.Config) ([]string, error) {
	paths, _, searched, err := findLogs(&cfg.Ingest)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, withHint(fmt.Errorf("no mail log found in %s", strings.Join(searched, " ")),
			"name the files: smtpbl scan FILE…; from the journal: journalctl -o short-iso | smtpbl scan -")
	}
	return paths, nil
}

func (x *sources) file(path string) source {
	return lineSource{ingest.NewFile(ingest.FileConfig{
		Path: path, Start: x.position(path), History: x.svc.cfg.Ingest.History,
		Stamp: parse.Stamp, Logger: x.svc.log,
	})}
}

func (x *sources) journal() source {
	in := &x.svc.cfg.Ingest
	return lineSource{ingest.NewJournal(ingest.JournalConfig{
		Units: slices.Concat(ingest.DefaultUnits, in.JournalUnits), Containers: in.JournalContainers,
		Start: x.position(ingest.JournalSource), History: in.History, Logger: x.svc.log,
	})}
}

func (x *sources) position(name string) *ingest.Position {
	for i := range x.svc.state.Positions {
		if p := &x.svc.state.Positions[i]; p.Source == name {
			return p
		}
	}
	return nil
}

func (x *sources) list() []*running {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.all)
}

// stats returns the state of every source.
func (x *sources) stats() []sourceStatus {
	all := x.list()
	out := make([]sourceStatus, 0, len(all))
	for _, src := range all {
		st := src.Stats()
		s := sourceStatus{
			Name: src.String(), Lines: st.Lines, Bytes: st.Bytes, LagBytes: st.Lag, LagSeconds: st.Behind.Seconds(),
			Rotations: st.Rotations, Truncations: st.Truncations, Gaps: st.Gaps, Reopens: st.Reopens,
			Errors: st.Errors, OverLong: st.OverLong, Refused: st.Refused, Dropped: st.Dropped,
		}
		if st.Trouble != "" {
			s.Trouble = &st.Trouble
		}
		if !st.LastLine.IsZero() {
			s.LastLine = &st.LastLine
		}
		select {
		case <-src.Ready():
			s.Live = true
		default:
		}
		out = append(out, s)
	}
	return out
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
