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
// each file something is read before it is rotated away, and the rest is not
// waited for: a file that comes and goes between two looks is missed, as File
// says.
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
	seen := make([]int, total)
	for _, h := range r.take(t, total) {
		var n int
		if _, err := fmt.Sscanf(h.Text, "line %d", &n); err != nil || n >= total {
			t.Fatalf("line %q was never written", h.Text)
		}
		seen[n]++
	}
	for n, times := range seen {
		if times != 1 {
			t.Fatalf("line %d came %d times", n, times)
		}
	}
	r.silent(t)
}
