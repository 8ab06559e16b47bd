package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"sync"
	"time"
)

// JournalConfig says what a Journal reads.
type JournalConfig struct {
	// Units are the patterns of units to believe; nil is DefaultUnits.
	Units []string
	// Containers are the names (or "tag" log options) of the containers that
	// hold a mail server and log to the journal: by Docker's log driver
	// "journald", or podman's. None is believed that is not named.
	Containers []string
	// Directory holds the journal files; empty is the machine's journal.
	Directory string
	// Start is where an earlier run stopped; nil at the first start.
	Start *Position
	// History is how far back to read at the first start, and the most that
	// is read again when Start is no longer in the journal.
	History time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger takes what an operator should know; nil discards it.
	Logger *slog.Logger
}

// Journal is a source that reads systemd's journal through journalctl. It is
// used once.
type Journal struct {
	cfg   JournalConfig
	stats counters
	ready chan struct{}
	// declare closes ready, once.
	declare func()
	// program is journalctl; tests put theirs here.
	program string
	// pause is the first wait before journalctl is started again.
	pause time.Duration
}

// maxPause bounds the wait before journalctl is started again.
const maxPause = time.Minute

// JournalSource is Position.Source of the journal.
const JournalSource = "journal"

// NewJournal returns a source that Run sets going.
func NewJournal(cfg JournalConfig) *Journal {
	if cfg.Units == nil {
		cfg.Units = DefaultUnits
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	ready := make(chan struct{})
	return &Journal{cfg: cfg, ready: ready, declare: sync.OnceFunc(func() { close(ready) }), program: "journalctl", pause: time.Second}
}

// String names the source.
func (j *Journal) String() string { return JournalSource }

// Ready is closed when all that stood in the journal at the start has been
// handed over, or cannot be read: bans that stand, and the mail server, need not
// wait for that to be put right.
func (j *Journal) Ready() <-chan struct{} { return j.ready }

// Stats returns what was counted so far. It may be called from anywhere.
func (j *Journal) Stats() Stats { return j.stats.snapshot() }

// Run hands the journal's entries to h until ctx ends, then returns nil. A
// journalctl that ends is started again at the last entry seen. Run returns an
// error when there is no journalctl, a unit pattern is malformed or a container
// has no name.
func (j *Journal) Run(ctx context.Context, h Handler) error {
	for _, unit := range j.cfg.Units {
		if _, err := path.Match(unit, ""); err != nil {
			return fmt.Errorf("read journal: unit pattern %q: %w", unit, err)
		}
	}
	if slices.Contains(j.cfg.Containers, "") {
		return errors.New("read journal: a container without a name")
	}
	r := newJournalReader(j, h)
	for pause := j.pause; ; {
		seen := r.entries
		err := r.run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // we were asked to end, and the child with us
		case errors.Is(err, errNoJournalctl):
			return err
		case errors.Is(err, errCursorGone):
			j.cfg.Logger.Warn("the journal no longer holds the last entry read, lines may be missing")
			continue
		}
		j.stats.errors.Add(1)
		if r.entries != seen {
			pause = j.pause
		}
		advice := journalAdvice(err)
		j.stats.hinder(err, advice)
		j.cfg.Logger.Error("journalctl has ended, starting it again", "err", err, "pause", pause, "hint", advice)
		if r.entries == seen {
			j.declare()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
		j.stats.reopens.Add(1)
	}
}
