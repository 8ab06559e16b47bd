package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A writer rotates in every lossless habit while the source is stopped and
// started again and again at its last position: each line comes once.
func TestRestartLosesNothing(t *testing.T) {
	path := logPath(t)
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable, not secret
	var start *Position
	var got []heard
	written, rotations := 0, 0
	add := func(n int) {
		_, text := numbered(written, written+n)
		written += n
		write(t, path, text)
	}
	add(10)
	for range 40 {
		// Take a random part of what is there, and stop.
		part := rnd.IntN(written - len(got) + 1)
		r := launch(t, FileConfig{Path: path, Start: start, History: time.Hour, Linger: time.Millisecond})
		got = append(got, r.take(t, part)...)
		r.stop()
		if pos := r.last(); pos.Source != "" {
			start = pos
		}
		for len(r.lines) > 0 {
			got = append(got, <-r.lines)
		}
		for range rnd.IntN(4) {
			switch rnd.IntN(3) {
			case 0:
				rotations++
				must(t, os.Rename(path, fmt.Sprintf("%s-%08d", path, rotations)))
			case 1:
				rotations++
				copyTo(t, path, fmt.Sprintf("%s-%08d", path, rotations))
				must(t, os.Truncate(path, 0))
			}
			add(1 + rnd.IntN(20))
		}
	}
	r := launch(t, FileConfig{Path: path, Start: start, History: time.Hour})
	await(t, r.Ready(), "all is read")
	r.stop()
	for len(r.lines) > 0 {
		got = append(got, <-r.lines)
	}
	want, _ := numbered(0, written)
	exactly(t, want, got)
}

// exactly compares in order, without printing thousands of lines.
func exactly(t *testing.T, want []string, got []heard) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if want[i] != got[i].Text {
			t.Fatalf("line %d is %q, want %q", i, got[i].Text, want[i])
		}
	}
	if len(want) != len(got) {
		t.Fatalf("got %d lines, want %d", len(got), len(want))
	}
}

func TestStartPosition(t *testing.T) {
	lines, text := numbered(0, 5)
	taken := func(t *testing.T, path string) *Position {
		t.Helper()
		write(t, path, text)
		r := run(t, FileConfig{Path: path})
		r.want(t, false, lines...)
		r.stop()
		return r.last()
	}
	tests := []struct {
		name   string
		change func(t *testing.T, path string)
		want   []string
	}{
		{"unchanged", func(*testing.T, string) {}, nil},
		{"grown", func(t *testing.T, path string) { write(t, path, "more\n") }, []string{"more"}},
		{"rotated", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			must(t, os.Rename(path, path+".1"))
			write(t, path, "new\n")
		}, []string{"rest", "new"}},
		{"rotated twice", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			must(t, os.Rename(path, path+".2"))
			must(t, os.Chtimes(path+".2", time.Time{}, time.Now().Add(-time.Minute)))
			write(t, path+".1", "between\n")
			write(t, path, "new\n")
		}, []string{"rest", "between", "new"}},
		{"rotated and compressed", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			pack(t, path, path+".1.gz")
			must(t, os.Remove(path))
			write(t, path, "new\n")
		}, []string{"rest", "new"}},
		{"rotated and missing", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			must(t, os.Rename(path, path+"-20260102"))
		}, []string{"rest"}},
		{"replaced", func(t *testing.T, path string) {
			must(t, os.Remove(path))
			write(t, path, "new\n")
		}, []string{"new"}},
		{"replaced by a longer one", func(t *testing.T, path string) {
			_, other := numbered(100, 200)
			must(t, os.WriteFile(path, []byte(other), 0o600))
		}, func() []string { l, _ := numbered(100, 200); return l }()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := logPath(t)
			start := taken(t, path)
			test.change(t, path)
			r := run(t, FileConfig{Path: path, Start: start, History: time.Hour})
			r.want(t, false, test.want...)
			r.stop()
			r.silent(t)
		})
	}
}

// An old log that is moved into place is history, not an attack going on.
func TestOldLogMovedIntoPlace(t *testing.T) {
	path := logPath(t)
	r := run(t, FileConfig{Path: path, Stamp: plainStamp})
	old := filepath.Join(t.TempDir(), "old")
	write(t, old, time.Now().Add(-48*time.Hour).Format(time.RFC3339)+" old\n")
	must(t, os.Rename(old, path))
	if h := r.take(t, 1)[0]; h.Live {
		t.Fatalf("%q passed for live", h.Text)
	}
	write(t, path, "new\n")
	r.want(t, true, "new")
}
