package enforce

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

func checkpointOf(window uint64) *Checkpoint {
	return &Checkpoint{Window: store.Window{Number: window}}
}

// TestWindowsOfATrial: of the checkpoints that it holds back one is kept, and none
// once it was given up.
func TestWindowsOfATrial(t *testing.T) {
	for name, tt := range map[string]struct {
		end     func(b *bench)
		window  uint64
		dropped []uint64
	}{
		"confirmed": {func(b *bench) { _, _ = b.Confirm() }, 3, []uint64{1}},
		"given up":  {func(b *bench) { b.GiveUp() }, 0, []uint64{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newTrialBench(t, 10*time.Minute)
			b.take(Work{Checkpoint: checkpointOf(1)})
			b.take(Work{Checkpoint: checkpointOf(2)})
			tt.end(b)
			b.saver.write()
			b.take(Work{Checkpoint: checkpointOf(3)})
			b.saver.write()
			if diff := cmp.Diff(tt.dropped, b.paper.dropped); b.paper.window != tt.window || diff != "" {
				t.Errorf("window %d is named, want %d; dropped (-want +got):\n%s", b.paper.window, tt.window, diff)
			}
		})
	}
}

// TestWindowsOnABrokenDisk do not pile up: only the last one is tried again.
func TestWindowsOnABrokenDisk(t *testing.T) {
	full := errors.New("no space left on device")
	p := &paper{records: map[nft.Key]store.Record{}, fail: full}
	s := newSaver(Options{History: p, Log: slog.New(slog.DiscardHandler)}, &healthState{})
	for n := range uint64(4) {
		s.checkpoint(checkpointOf(n + 1))
		s.write()
	}
	p.fail = nil
	s.write()
	if diff := cmp.Diff([]uint64{1, 2, 3}, p.dropped); p.window != 4 || diff != "" {
		t.Errorf("window %d is named; dropped (-want +got):\n%s", p.window, diff)
	}
	// What the disk has lost is not tried again.
	p.fail = fmt.Errorf("%w: input/output error", store.ErrWindow)
	s.checkpoint(checkpointOf(5))
	s.write()
	p.fail = nil
	s.write()
	if diff := cmp.Diff([]uint64{1, 2, 3, 5}, p.dropped); p.window != 4 || diff != "" {
		t.Errorf("window %d is named; dropped (-want +got):\n%s", p.window, diff)
	}
}

// slow is a paper that is handed a checkpoint while it writes one.
type slow struct {
	*paper
	meanwhile func()
}

func (p slow) Put(records []store.Record) error {
	p.meanwhile()
	return p.paper.Put(records)
}

// TestALaterCheckpointComesWhileOneIsWritten: the one that is written must keep
// its window until it is, and lose it when it could not be.
func TestALaterCheckpointComesWhileOneIsWritten(t *testing.T) {
	for name, fail := range map[string]error{"written": nil, "failed": errors.New("no space left on device")} {
		t.Run(name, func(t *testing.T) {
			p := &paper{records: map[nft.Key]store.Record{}, fail: fail}
			var s *saver
			s = newSaver(Options{History: slow{p, func() {
				s.checkpoint(checkpointOf(2))
				if p.dropped != nil {
					t.Errorf("dropped %v before it was written", p.dropped)
				}
			}}, Log: slog.New(slog.DiscardHandler)}, &healthState{})
			s.checkpoint(checkpointOf(1))
			s.write()
			if (p.window == 1) != (fail == nil) || (p.dropped != nil) != (fail != nil) {
				t.Errorf("window %d is named, dropped %v", p.window, p.dropped)
			}
		})
	}
}
