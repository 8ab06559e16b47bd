package ingest

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// Each test is what is done to a log while a handler holds the source up, and
// which lines must come once it lets go.
func TestRotatedBetweenLooks(t *testing.T) {
	shift := func(t *testing.T, path string) {
		if _, err := os.Stat(path + ".1"); err == nil {
			must(t, os.Rename(path+".1", path+".2"))
		}
		must(t, os.Rename(path, path+".1"))
	}
	cut := func(t *testing.T, path, aside string) {
		copyTo(t, path, aside)
		must(t, os.Truncate(path, 0))
	}
	tests := []struct {
		name   string
		change func(t *testing.T, path string)
		want   []string
	}{
		{"twice", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			shift(t, path)
			write(t, path, "between\n")
			shift(t, path)
			write(t, path, "new\n")
		}, []string{"rest", "between", "new"}},
		{"often", func(t *testing.T, path string) {
			for i := range 20 {
				write(t, path, fmt.Sprintf("between %d\n", i))
				must(t, os.Rename(path, fmt.Sprintf("%s-202601%02d", path, i)))
			}
			write(t, path, "new\n")
		}, append(between(20), "new")},
		{"twice and packed", func(t *testing.T, path string) {
			shift(t, path)
			write(t, path, "between\n")
			pack(t, path, path+".0.gz")
			must(t, os.Remove(path))
			write(t, path, "new\n")
		}, []string{"between", "new"}},
		{"twice, the open one deleted", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			must(t, os.Remove(path))
			write(t, path, "between\n")
			shift(t, path)
			write(t, path, "new\n")
		}, []string{"rest", "between", "new"}},
		{"copied and cut twice", func(t *testing.T, path string) {
			write(t, path, "rest\n")
			cut(t, path, path+".2")
			write(t, path, "between\n")
			cut(t, path, path+".1")
			write(t, path, "new\n")
		}, []string{"rest", "between", "new"}},
		{"renamed, then copied and cut", func(t *testing.T, path string) {
			shift(t, path)
			write(t, path, "between\n")
			cut(t, path, path+"-20260102")
			write(t, path, "new\n")
		}, []string{"between", "new"}},
		{"once, old archives packed anew", func(t *testing.T, path string) {
			pack(t, path+"-20250102", path+"-20250102.gz")
			must(t, os.Remove(path+"-20250102"))
			shift(t, path)
			write(t, path, "new\n")
		}, []string{"new"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := logPath(t)
			write(t, path+"-20250102", "archive\n")
			write(t, path, "first\n")
			r := launch(t, FileConfig{Path: path})
			await(t, r.Ready(), "source is ready")
			r.want(t, false, "first")
			held, free := make(chan struct{}), make(chan struct{})
			r.hold(held, free)
			write(t, path, "held\n")
			r.want(t, true, "held")
			await(t, held, "the source is held up")
			test.change(t, path)
			close(free)
			r.want(t, true, test.want...)
			r.stop()
			r.silent(t)
		})
	}
}

// between returns the lines of n files in between.
func between(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("between %d", i)
	}
	return lines
}

// A log that was empty when the source stopped has no fingerprint, and yet
// what became of it is found.
func TestStartInEmptyLog(t *testing.T) {
	path := logPath(t)
	write(t, path, "first\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "first")
	must(t, os.Truncate(path, 0))
	eventually(t, func() bool { return r.last().Since != 0 }, func() string { return "no position in the empty log" })
	r.stop()
	write(t, path, "rest\n")
	must(t, os.Rename(path, path+".1"))
	write(t, path+".2", "archive\n")
	must(t, os.Chtimes(path+".2", time.Time{}, time.Now().Add(-time.Hour)))
	write(t, path, "new\n")
	r = run(t, FileConfig{Path: path, Start: r.last(), History: time.Hour})
	r.want(t, false, "rest", "new")
	r.stop()
	r.silent(t)
}
