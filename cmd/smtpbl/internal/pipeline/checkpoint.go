package pipeline

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/policy"
)

// Windows takes the Engine's window piece by piece and keeps it for a checkpoint;
// store.Store is one.
type Windows interface {
	SaveWindow(write func(io.Writer) error) (store.Window, error)
	DropWindow(w store.Window)
}

const (
	// checkpointEvery is how often the window is written when it changed. A
	// crash costs only the time to read that much of the log again.
	checkpointEvery = 10 * time.Second
	// checkpointShare keeps checkpoints of a huge window to this share of
	// the time.
	checkpointShare = 50
)

// checkpoint writes the window as it is now, without waiting for the disk, and
// sends it with its positions to be made safe after the decisions sent before.
// What cannot be written is tried again, and the last checkpoint counts meanwhile.
func (j *Judge) checkpoint(ctx context.Context) {
	if !j.changed || j.Windows == nil {
		return
	}
	start := time.Now()
	w, err := j.Windows.SaveWindow(j.engine.Snapshot)
	j.interval = max(checkpointEvery, checkpointShare*time.Since(start))
	j.told(err)
	if err != nil {
		return
	}
	c := &enforce.Checkpoint{Positions: slices.Collect(maps.Values(j.positions)), Window: w}
	if err := j.sink.Send(ctx, enforce.Work{Checkpoint: c}); err != nil {
		j.Windows.DropWindow(w)
		return
	}
	j.changed = false
}

// told reports when the window cannot be written, and when it can be again.
func (j *Judge) told(err error) {
	if (err != nil) == j.unsaved || j.Unsaved == nil {
		return
	}
	j.unsaved = err != nil
	j.Unsaved(err)
}

// Restore brings an Engine's window to where an earlier run left it, after the
// bans of the history were recalled. One that cannot be read is reported, and
// the Engine's stays empty. nil is none.
func Restore(engine *policy.Engine, window io.ReadSeeker) error {
	if window == nil {
		return nil
	}
	if err := engine.Load(window); err != nil {
		return fmt.Errorf("read the window of the last run: %w", err)
	}
	return nil
}
