package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// FileConfig says what a File follows and how.
type FileConfig struct {
	// Path is the log. It need not exist yet.
	Path string
	// Start is where an earlier run stopped; nil at the first start.
	Start *Position
	// History is how far back to read at the first start, and the most that
	// is read again when Start cannot be found.
	History time.Duration
	// Stamp reads the stamp of a line, to find where History begins;
	// parse.Stamp does. Without it a log is history as a whole.
	Stamp StampFunc
	// Location is the zone of stamps without one; nil is the machine's.
	Location *time.Location
	// MaxLine is how many bytes of one line are kept; 0 is DefaultMaxLine.
	MaxLine int
	// Poll is how often the path is looked at where inotify cannot be trusted
	// or the log is refused: on network file systems, or where the kernel
	// refuses to watch. 0 is 5 s. Elsewhere nothing is done without an event.
	Poll time.Duration
	// Linger is how long a rotated file must have been quiet, and its
	// successor written to, before it is closed; 0 is 10 s. Until its HUP the
	// writer goes on in the rotated file.
	Linger time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger takes what an operator should know; nil discards it.
	Logger *slog.Logger
}

// File is a source that follows one log by its path, through every habit of
// rotation. It is used once.
//
// Files that come and go between two looks are found among the rotated ones,
// and so are those of rotations while no source was running. What is deleted
// before it was read is lost, and what cannot be told from what was read
// already is not read: Stats.Gaps counts how often that may have been so. No
// directory but the log's own is known at a start, so that what was moved
// elsewhere (logrotate's olddir) while no source was running counts as deleted.
type File struct {
	cfg   FileConfig
	stats counters
	ready chan struct{}
	hub   *hub
}

// NewFile returns a source that Run sets going.
func NewFile(cfg FileConfig) *File {
	if cfg.Location == nil {
		cfg.Location = time.Local
	}
	if cfg.MaxLine <= 0 {
		cfg.MaxLine = DefaultMaxLine
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 5 * time.Second
	}
	if cfg.Linger <= 0 {
		cfg.Linger = 10 * time.Second
	}
	if cfg.Stamp == nil {
		cfg.Stamp = func([]byte, time.Time, *time.Location) (time.Time, bool) { return time.Time{}, false }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("path", cfg.Path)
	return &File{cfg: cfg, ready: make(chan struct{}), hub: theHub}
}

// String names the source by its path.
func (f *File) String() string { return f.cfg.Path }

// Ready is closed when all that stood in the log at the start has been handed
// over and the log is followed live. A log that is missing or cannot be read
// is ready at once: there is nothing to wait for.
func (f *File) Ready() <-chan struct{} { return f.ready }

// Stats returns what was counted so far. It may be called from anywhere.
func (f *File) Stats() Stats {
	s := f.stats.snapshot()
	if ns := f.stats.behindSince.Load(); ns != 0 {
		s.Behind = max(f.cfg.Now().Sub(time.Unix(0, ns)), 0)
	}
	return s
}

// Run hands the lines of the log to h until ctx ends, then returns nil. A log
// that is missing, unreadable or no regular file is no reason to return: Run
// says so once and waits until that changes.
func (f *File) Run(ctx context.Context, h Handler) error {
	if f.cfg.Path == "" {
		return errors.New("follow log: no path given")
	}
	w := newWatch(f.hub, f.cfg.Logger, f.cfg.Path)
	defer w.close()
	r := newFollower(f, h, w)
	defer r.close()
	r.borrow()
	defer r.giveBack()
	r.start(ctx)
	for ctx.Err() == nil {
		r.giveBack()
		why := w.wait(ctx, r.patience())
		r.borrow()
		f.stats.errors.Add(w.mend())
		if ctx.Err() == nil {
			r.look(ctx, why)
		}
	}
	return nil
}
