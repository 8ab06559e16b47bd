package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// holdUp follows a log that did not exist and has read one line of it, then
// does what do says while the source does not look.
func holdUp(t *testing.T, cfg FileConfig, do func(r *running)) *running {
	t.Helper()
	cfg.Linger = time.Millisecond
	r := run(t, cfg)
	held, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.done = func(Position) {
		once.Do(func() {
			close(held)
			<-free
		})
	}
	write(t, cfg.Path, "first 1\n")
	r.want(t, true, "first 1")
	await(t, held, "the source is held up")
	do(r)
	close(free)
	return r
}

// packAway compresses a log in place and keeps its time, as gzip does.
func packAway(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	pack(t, path, path+".gz")
	must(t, os.Chtimes(path+".gz", time.Time{}, info.ModTime()))
	must(t, os.Remove(path))
}

// A log that is rotated several times between two looks loses nothing,
// wherever its files are moved to.
func TestRotatedTwiceBetweenLooks(t *testing.T) {
	numbers := func(t *testing.T, path string) string {
		t.Helper()
		for n := 8; n > 0; n-- {
			for _, suffix := range []string{"", ".gz"} {
				_ = os.Rename(fmt.Sprintf("%s.%d%s", path, n, suffix), fmt.Sprintf("%s.%d%s", path, n+1, suffix))
			}
		}
		must(t, os.Rename(path, path+".1"))
		return path + ".1"
	}
	day := 0
	dates := func(t *testing.T, path string) string {
		t.Helper()
		day++
		to := fmt.Sprintf("%s-202601%02d", path, day)
		must(t, os.Rename(path, to))
		return to
	}
	away := func(t *testing.T, path string) string {
		t.Helper()
		day++
		dir := filepath.Join(filepath.Dir(path), "old")
		must(t, os.MkdirAll(dir, 0o750))
		to := filepath.Join(dir, fmt.Sprintf("%s-202601%02d", filepath.Base(path), day))
		must(t, os.Rename(path, to))
		return to
	}
	compressed := func(rotate func(*testing.T, string) string) func(*testing.T, string) string {
		return func(t *testing.T, path string) string {
			t.Helper()
			to := rotate(t, path)
			packAway(t, to)
			return to
		}
	}
	tests := map[string]func(t *testing.T, path string) string{
		"create": numbers, "dateext": dates, "olddir": away,
		"compress": compressed(numbers), "dateext compress": compressed(dates), "olddir compress": compressed(away),
	}
	for name, rotate := range tests {
		t.Run(name, func(t *testing.T) {
			path := logPath(t)
			old := path + ".7"
			write(t, old, "long ago\n")
			must(t, os.Chtimes(old, time.Time{}, time.Now().Add(-time.Hour)))
			r := holdUp(t, FileConfig{Path: path}, func(*running) {
				write(t, path, "first 2\n")
				for _, text := range []string{"second 1\nsecond 2\n", "third\n", "", "fourth\n"} {
					rotate(t, path)
					write(t, path, text)
				}
			})
			r.want(t, true, "first 2", "second 1", "second 2", "third", "fourth")
			eventually(t, func() bool { return r.Stats().Rotations >= 3 }, func() string { return fmt.Sprintf("%+v", r.Stats()) })
			if s := r.Stats(); s.Gaps != 0 || s.Errors != 0 {
				t.Errorf("counted %+v", s)
			}
			// A restart finds its place among all of them.
			r.stop()
			rotate(t, path)
			write(t, path, "fifth\n")
			if strings.HasPrefix(name, "olddir") {
				return // a source that was not there cannot know of the directory
			}
			again := run(t, FileConfig{Path: path, Start: r.last()})
			again.want(t, false, "fifth")
			again.stop()
			again.silent(t)
			r.silent(t)
		})
	}
}

// What was read is not read again by another name, and what cannot be told
// apart is not read.
func TestBetweenLooks(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, path string)
		want []string
		gaps uint64
	}{
		{"copy under way", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".2"))
			write(t, path, "second\n")
			copyTo(t, path, path+".1")
		}, []string{"second"}, 0},
		{"copied and cut before its first read", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".2"))
			write(t, path, "second\n")
			copyTo(t, path, path+".1")
			must(t, os.Truncate(path, 0))
			write(t, path, "third\n")
		}, []string{"second", "third"}, 0},
		{"copy of what was read", func(t *testing.T, path string) {
			copyTo(t, path, path+".1")
			must(t, os.Rename(path, path+".2"))
			write(t, path, "second\n")
		}, []string{"second"}, 0},
		{"the last one is gone", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".1"))
			write(t, path, "second\n")
			must(t, os.Rename(path, path+".1"))
			write(t, path, "third\n")
		}, []string{"third"}, 1},
		{"a hole", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".2"))
			write(t, path, strings.Repeat("\x00", 2*headLen)+"second\n")
			must(t, os.Rename(path, path+".1"))
			write(t, path, "third\n")
		}, []string{"third"}, 1},
		{"deleted", func(t *testing.T, path string) {
			write(t, path+".1", "long ago\n")
			must(t, os.Chtimes(path+".1", time.Time{}, time.Now().Add(-time.Hour)))
			must(t, os.Remove(path))
			write(t, path, "second\n")
		}, []string{"second"}, 0},
		{"a broken one between", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".2"))
			write(t, path+".1.gz", string(gzipMagic)+"broken")
			write(t, path, "third\n")
		}, []string{"third"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := logPath(t)
			r := holdUp(t, FileConfig{Path: path}, func(*running) { test.do(t, path) })
			r.want(t, true, test.want...)
			write(t, path, "end\n")
			r.want(t, true, "end")
			r.stop()
			r.silent(t)
			if got := r.Stats().Gaps; got != test.gaps {
				t.Errorf("%d gaps counted, want %d", got, test.gaps)
			}
		})
	}
}

// A log that was empty when the service stopped is known by its inode.
func TestEmptyAtStopThenRotated(t *testing.T) {
	path := logPath(t)
	write(t, path, "old\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "old")
	must(t, os.Truncate(path, 0))
	eventually(t, func() bool { return r.last().Offset == 0 }, func() string { return "truncation not handed on" })
	r.stop()
	write(t, path, "while down 1\n")
	must(t, os.Rename(path, path+".1"))
	write(t, path, "while down 2\n")
	write(t, path+".2", "long ago\n")
	must(t, os.Chtimes(path+".2", time.Time{}, time.Now().Add(-time.Hour)))
	again := run(t, FileConfig{Path: path, Start: r.last()})
	again.want(t, false, "while down 1", "while down 2")
	again.stop()
	again.silent(t)
	// Where it is not to be found, the log in place is still all new.
	must(t, os.Remove(path+".1"))
	last := run(t, FileConfig{Path: path, Start: r.last()})
	last.want(t, false, "while down 2")
	if s := last.Stats(); s.Gaps != 1 {
		t.Errorf("counted %+v", s)
	}
}
