package ingest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// What was read counts as waiting until it is handed over.
func TestBehind(t *testing.T) {
	var seconds atomic.Int64
	now := func() time.Time { return time.Unix(1_800_000_000+seconds.Load(), 0) }
	path := logPath(t)
	var got time.Duration
	r := holdUp(t, FileConfig{Path: path, Now: now}, func(r *running) {
		seconds.Add(7)
		got = r.Stats().Behind
	})
	if got != 7*time.Second {
		t.Errorf("behind %v while the handler blocks, want 7s", got)
	}
	eventually(t, func() bool { return r.Stats().Behind == 0 }, func() string { return fmt.Sprintf("behind %v", r.Stats().Behind) })
}
