package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hour is a Poll that no test outlasts: what comes, came by an event.
const hour = time.Hour

// runOn starts a File on a hub of its own and keeps what it logs.
func runOn(t *testing.T, h *hub, cfg FileConfig) (*running, *notes) {
	t.Helper()
	logged := &notes{}
	cfg.Logger = slog.New(slog.NewTextHandler(logged, nil))
	r := &running{File: NewFile(cfg), sink: newSink()}
	r.hub = h
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, r.sink) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		must(t, <-ended)
	})
	t.Cleanup(r.stop)
	await(t, r.Ready(), "source is ready")
	return r, logged
}

// notes keeps what a logger writes.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

// count is how often text was logged.
func (n *notes) count(text string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Count(n.text.String(), text)
}

// idle fails unless the hub has let go of everything.
func (h *hub) idle(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != nil || h.ended != nil || h.failed != nil || len(h.watches)+len(h.objects)+len(h.said) > 0 {
		t.Fatalf("left behind: %+v", h)
	}
}

func TestHubServesManyFiles(t *testing.T) {
	h, dir := newHub(), t.TempDir()
	var all []*running
	for i := range 50 {
		path := filepath.Join(dir, fmt.Sprintf("%02d.log", i))
		write(t, path, "")
		r, _ := runOn(t, h, FileConfig{Path: path, Poll: hour})
		all = append(all, r)
	}
	for i, r := range all {
		write(t, r.String(), fmt.Sprintf("for %d\n", i))
		r.want(t, true, fmt.Sprintf("for %d", i))
		must(t, os.Rename(r.String(), r.String()+".1"))
		write(t, r.String(), "after it\n")
		r.want(t, true, "after it")
	}
	for _, r := range all {
		r.silent(t)
		r.stop()
	}
	h.idle(t)
}

// A write to a log wakes nobody but who follows it, and what else happens in
// its directory wakes nobody.
func TestHubWakesOnlyWhoIsConcerned(t *testing.T) {
	h, dir := newHub(), t.TempDir()
	mine, other := filepath.Join(dir, "mine"), filepath.Join(dir, "other")
	write(t, mine, "")
	write(t, other, "")
	w := newWatch(h, slog.New(slog.DiscardHandler), mine)
	defer w.close()
	file, err := os.Open(mine)
	must(t, err)
	defer func() { _ = file.Close() }()
	w.follow(file)
	write(t, other, "noise\n")
	must(t, os.Rename(other, other+".1"))
	write(t, filepath.Join(dir, "new"), "noise\n")
	write(t, mine, "line\n")
	// Events come in order: had one of the others woken us, it would have
	// done so before, and as a change of the path.
	if why := w.wait(t.Context(), 0); why != wakeData {
		t.Fatalf("woken by %d, want %d", why, wakeData)
	}
	w.unfollow(file)
	must(t, os.Rename(mine, mine+".1"))
	if why := w.wait(t.Context(), 0); why != wakePath {
		t.Fatalf("woken by %d, want %d", why, wakePath)
	}
}

func TestParentMovedAway(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a", "b", "log")
	must(t, os.MkdirAll(filepath.Dir(path), 0o750))
	write(t, path, "old\n")
	h := newHub()
	r, _ := runOn(t, h, FileConfig{Path: path, Poll: hour, Stamp: plainStamp})
	r.want(t, false, "old")
	must(t, os.Rename(filepath.Join(root, "a"), filepath.Join(root, "away")))
	must(t, os.MkdirAll(filepath.Dir(path), 0o750))
	write(t, path, "new\n")
	r.want(t, true, "new")
	r.stop()
	h.idle(t)
}

// While nobody reads the hub the kernel's queue overflows, and the write that
// matters comes after that.
func TestQueueOverflow(t *testing.T) {
	h, dir := newHub(), t.TempDir()
	first, logged := runOn(t, h, FileConfig{Path: filepath.Join(dir, "first"), Poll: hour})
	second, alsoLogged := runOn(t, h, FileConfig{Path: filepath.Join(dir, "second"), Poll: hour})
	for round := range 2 {
		h.mu.Lock()
		noise := filepath.Join(dir, "noise")
		for range 1 << 14 { // twice the events that the kernel queues by default, and what one read takes
			must(t, os.WriteFile(noise, nil, 0o600))
			must(t, os.Remove(noise))
		}
		line := fmt.Sprintf("line %d", round)
		write(t, first.String(), line+"\n")
		write(t, second.String(), line+"\n")
		h.mu.Unlock()
		first.want(t, true, line)
		second.want(t, true, line)
		for _, r := range []*running{first, second} {
			if got := r.Stats().Errors; got != uint64(round)+1 { //nolint:gosec // never negative
				t.Fatalf("%d errors counted after %d overflows", got, round+1)
			}
		}
	}
	if n := logged.count("lost events") + alsoLogged.count("lost events"); n != 1 {
		t.Fatalf("said %d times, want once", n)
	}
	// Events go on.
	write(t, first.String(), "after\n")
	first.want(t, true, "after")
}

// An instance whose reading fails is given up, and every log is looked at from
// time to time instead.
func TestHubCannotRead(t *testing.T) {
	h, dir := newHub(), t.TempDir()
	first, logged := runOn(t, h, FileConfig{Path: filepath.Join(dir, "first"), Poll: time.Millisecond})
	second, alsoLogged := runOn(t, h, FileConfig{Path: filepath.Join(dir, "second"), Poll: time.Millisecond})
	h.mu.Lock()
	file := h.file
	h.mu.Unlock()
	must(t, file.SetReadDeadline(time.Unix(1, 0))) // the read under way fails
	for _, r := range []*running{first, second} {
		eventually(t, func() bool { return r.Stats().Errors == 1 }, func() string { return "the failure was not counted" })
		write(t, r.String(), "line 1\n")
		r.want(t, true, "line 1")
		must(t, os.Rename(r.String(), r.String()+".1"))
		write(t, r.String(), "line 2\n")
		r.want(t, true, "line 2")
	}
	late, _ := runOn(t, h, FileConfig{Path: filepath.Join(dir, "late"), Poll: time.Millisecond})
	write(t, late.String(), "line\n")
	late.want(t, true, "line")
	for _, text := range []string{"lost events", "cannot be told"} {
		if n := logged.count(text) + alsoLogged.count(text); n != 1 {
			t.Errorf("%q was said %d times, want once", text, n)
		}
	}
	for _, r := range []*running{first, second, late} {
		r.stop()
	}
	h.idle(t)
}
