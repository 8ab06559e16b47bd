package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deadline bounds every wait of the tests; it is only reached by a failure.
const deadline = 20 * time.Second

// heard is one line as the handler got it.
type heard struct {
	Text string
	Live bool
}

// sink is a Handler that keeps what it gets.
type sink struct {
	lines chan heard
	mu    sync.Mutex
	pos   Position
	// done lets a test hold the source up in Done.
	done func(Position)
}

func newSink() *sink { return &sink{lines: make(chan heard, 1<<20)} }

func (s *sink) Line(l *Line) { s.lines <- heard{string(l.Text), l.Live} }

func (s *sink) Done(pos Position) {
	s.mu.Lock()
	s.pos = pos
	s.mu.Unlock()
	if s.done != nil {
		s.done(pos)
	}
}

// last is the position of the last Done.
func (s *sink) last() *Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	pos := s.pos
	return &pos
}

// take returns the next n lines.
func (s *sink) take(t *testing.T, n int) []heard {
	t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	got := make([]heard, 0, n)
	for len(got) < n {
		select {
		case h := <-s.lines:
			got = append(got, h)
		case <-timeout.C:
			t.Fatalf("got %d lines of %d, the last: %v", len(got), n, got[max(0, len(got)-5):])
		}
	}
	return got
}

// want takes as many lines as are given and compares them.
func (s *sink) want(t *testing.T, live bool, texts ...string) {
	t.Helper()
	want := make([]heard, len(texts))
	for i, text := range texts {
		want[i] = heard{text, live}
	}
	if diff := cmp.Diff(want, s.take(t, len(want))); diff != "" {
		t.Fatalf("lines (-want +got):\n%s", diff)
	}
}

// silent fails when lines were handed over that no test step asked for.
func (s *sink) silent(t *testing.T) {
	t.Helper()
	select {
	case h := <-s.lines:
		t.Fatalf("unexpected line %.200q", h.Text)
	default:
	}
}

// running is a File with its goroutine.
type running struct {
	*File
	*sink
	stop func()
}

// run starts a File and waits until it is ready. stop ends it and may be
// called again.
func run(t *testing.T, cfg FileConfig) *running {
	t.Helper()
	r := launch(t, cfg)
	await(t, r.Ready(), "source is ready")
	return r
}

// launch starts a File without waiting.
func launch(t *testing.T, cfg FileConfig) *running {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	r := &running{File: NewFile(cfg), sink: newSink()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, r.sink) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// wantStats waits until the counters are as given, LastLine aside.
func (r *running) wantStats(t *testing.T, want Stats) {
	t.Helper()
	ignore := cmpopts.IgnoreFields(Stats{}, "LastLine")
	var diff string
	eventually(t, func() bool {
		diff = cmp.Diff(want, r.Stats(), ignore)
		return diff == ""
	}, func() string { return "counters (-want +got):\n" + diff })
}

// await waits for a channel to be closed.
func await(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(deadline):
		t.Fatalf("gave up waiting until %s", what)
	}
}

// eventually polls a condition that no channel reports.
func eventually(t *testing.T, ok func() bool, why func() string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(deadline); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal(why())
		}
	}
}

// write appends text to the file at path, which is created.
func write(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// must fails the test on an error of a step that is only preparation.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logPath is a path for a log in a fresh directory.
func logPath(t testing.TB) string { return filepath.Join(t.TempDir(), "mail.log") }

// numbered returns the lines number from to below to.
func numbered(from, to int) (lines []string, text string) {
	for i := from; i < to; i++ {
		line := fmt.Sprintf("line %d", i)
		lines = append(lines, line)
	}
	return lines, strings.Join(append(lines, ""), "\n")
}
