package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// A writer numbers its lines and rotates at random in all lossless habits,
// mostly without waiting for anything to be read: files come and go between
// two looks, are packed at once, or are written on in for a while after they
// were renamed. Every line must come once. No line is written between a copy
// and the cut, where copytruncate itself loses it.
func TestStressEveryLineOnce(t *testing.T) {
	path := logPath(t)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // never negative
	t.Logf("seed %d", seed)
	w := &stressWriter{t: t, path: path, rnd: rand.New(rand.NewPCG(3, seed))} //nolint:gosec // repeatable, not secret
	w.reopen()
	r := run(t, FileConfig{Path: path, Linger: 2 * time.Second})
	const total = 20_000
	for w.written < total {
		w.add(1 + w.rnd.IntN(30))
		w.rotate()
		if w.rnd.IntN(20) == 0 {
			w.await(r)
		}
	}
	w.await(r)
	must(t, w.file.Close())
	seen := make([]int, w.written)
	for _, h := range r.take(t, w.written) {
		var n int
		if _, err := fmt.Sscanf(h.Text, "line %d", &n); err != nil || n >= w.written {
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

// stressWriter writes numbered lines to a log and rotates it.
type stressWriter struct {
	t                  *testing.T
	path               string
	rnd                *rand.Rand
	file               *os.File
	written, rotations int
}

// add writes n lines in two writes, the first of which often ends within a
// line.
func (w *stressWriter) add(n int) {
	_, text := numbered(w.written, w.written+n)
	w.written += n
	cut := w.rnd.IntN(len(text) + 1)
	for _, part := range []string{text[:cut], text[cut:]} {
		_, err := w.file.WriteString(part)
		must(w.t, err)
	}
}

// reopen makes the writer go on in the file that the path names.
func (w *stressWriter) reopen() {
	if w.file != nil {
		must(w.t, w.file.Close())
	}
	var err error
	w.file, err = os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(w.t, err)
}

// rotate rotates in one habit, or not at all.
func (w *stressWriter) rotate() {
	w.rotations++
	aside := fmt.Sprintf("%s-%08d", w.path, w.rotations)
	switch w.rnd.IntN(8) {
	case 0:
		must(w.t, os.Rename(w.path, aside))
		w.add(1 + w.rnd.IntN(5))
		w.reopen()
	case 1:
		must(w.t, os.Rename(w.path, aside))
		w.reopen()
		pack(w.t, aside, aside+".gz")
		must(w.t, os.Remove(aside))
	case 2:
		copyTo(w.t, w.path, aside)
		must(w.t, os.Truncate(w.path, 0))
	case 3:
		must(w.t, os.Rename(w.path, w.path+".tmp"))
		must(w.t, os.Rename(w.path+".tmp", w.path))
	}
}

// await waits until all that was written has come.
func (w *stressWriter) await(r *running) {
	w.t.Helper()
	eventually(w.t, func() bool { return r.Stats().Lines >= uint64(w.written) }, func() string { //nolint:gosec // never negative
		return fmt.Sprintf("counted %+v of %d lines", r.Stats(), w.written)
	})
}
