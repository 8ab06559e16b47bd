package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// A writer numbers its lines and rotates in all lossless habits at random,
// writing on in the old file for a while; every line must come once. It makes
// its copy and cut in one step, so that copytruncate is lossless here too. Of
// each file something is read before it is rotated away, so that a switch
// to and fro is told from two rotations.
func TestStressEveryLineOnce(t *testing.T) {
	path := logPath(t)
	rnd := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // repeatable, not secret
	const total = 20_000
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	r := run(t, FileConfig{Path: path, Linger: 2 * time.Second})
	written, rotations, changes := 0, 0, uint64(0)
	add := func(n int) {
		_, text := numbered(written, min(written+n, total))
		written = min(written+n, total)
		cut := rnd.IntN(len(text) + 1) // two writes, the first often half a line
		for _, part := range []string{text[:cut], text[cut:]} {
			_, err = f.WriteString(part)
			must(t, err)
		}
	}
	reopen := func() {
		must(t, f.Close())
		f, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		must(t, err)
	}
	for written < total {
		add(1 + rnd.IntN(30))
		eventually(t, func() bool {
			s := r.Stats()
			return s.Lines == uint64(written) && s.Rotations+s.Truncations == changes //nolint:gosec // never negative
		}, func() string {
			return fmt.Sprintf("counted %+v of %d lines and %d changes", r.Stats(), written, changes)
		})
		if written == total {
			break
		}
		add(1 + rnd.IntN(30))
		rotations++
		aside := fmt.Sprintf("%s-%08d", path, rotations)
		switch rnd.IntN(12) {
		case 0:
			must(t, os.Rename(path, aside))
			add(1 + rnd.IntN(5))
			reopen()
			changes++
		case 1:
			copyTo(t, path, aside)
			must(t, os.Truncate(path, 0))
			changes++
		case 2:
			must(t, os.Rename(path, path+".tmp"))
			must(t, os.Rename(path+".tmp", path))
		}
	}
	must(t, f.Close())
	if changes == 0 {
		t.Fatal("the log was never rotated")
	}
	for n, times := range tally(t, total, r.take(t, total)) {
		if times != 1 {
			t.Fatalf("line %d came %d times", n, times)
		}
	}
	r.silent(t)
}

// tally counts how often each of total lines came.
func tally(t *testing.T, total int, lines []heard) []int {
	t.Helper()
	seen := make([]int, total)
	for _, h := range lines {
		var n int
		if _, err := fmt.Sscanf(h.Text, "line %d", &n); err != nil || n >= total {
			t.Fatalf("line %q was never written", h.Text)
		}
		seen[n]++
	}
	return seen
}

// appender opens a log as a logging program does.
func appender(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	return f
}

// The writer waits for nobody: dozens of files are rotated away between two
// looks, it goes on in the old one for a few lines, and every line comes once.
func TestStressRename(t *testing.T) {
	path := logPath(t)
	f := appender(t, path)
	r := run(t, FileConfig{Path: path, Linger: time.Minute})
	const files, each = 300, 50
	for i := range files {
		_, text := numbered(i*each, (i+1)*each)
		half := len(text) * (i % 10) / 10
		_, err := f.WriteString(text[:half])
		must(t, err)
		must(t, os.Rename(path, fmt.Sprintf("%s-%08d", path, i)))
		_, err = f.WriteString(text[half:])
		must(t, err)
		must(t, f.Close())
		f = appender(t, path)
	}
	must(t, f.Close())
	for n, times := range tally(t, files*each, r.take(t, files*each)) {
		if times != 1 {
			t.Fatalf("line %d came %d times", n, times)
		}
	}
	r.stop()
	r.silent(t)
	if s := r.Stats(); s.Gaps != 0 || s.Errors != 0 {
		t.Fatalf("counted %+v", s)
	}
}

// A writer goes on at full speed while another program copies and truncates:
// what is written between copy and cut is lost to everybody, but no line may
// come twice.
func TestStressCopyTruncate(t *testing.T) {
	path := logPath(t)
	r := run(t, FileConfig{Path: path})
	const total, batch = 60_000, 20
	f := appender(t, path)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for n := 0; n < total; n += batch {
			_, text := numbered(n, n+batch)
			if _, err := f.WriteString(text); err != nil {
				t.Error(err)
			}
		}
	}()
	for i, done := 0, false; !done; i++ {
		select {
		case <-written:
			done = true
		default:
		}
		copyTo(t, path, fmt.Sprintf("%s-%08d", path, i))
		must(t, os.Truncate(path, 0))
	}
	must(t, f.Close())
	write(t, path, "end\n")
	var lines []heard
	for {
		h := r.take(t, 1)[0]
		if h.Text == "end" {
			break
		}
		lines = append(lines, h)
	}
	r.stop()
	came := 0
	for n, times := range tally(t, total, lines) {
		if came += times; times > 1 {
			t.Fatalf("line %d came %d times", n, times)
		}
	}
	t.Logf("%d of %d lines came, %+v", came, total, r.Stats())
	r.silent(t)
}
