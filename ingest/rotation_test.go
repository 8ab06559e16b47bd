package ingest

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Each test is one habit of operators and their tools: what is done to the
// log, which lines must come, and what is counted.

func TestRenameAndCreate(t *testing.T) {
	path := logPath(t)
	write(t, path, "old 1\n")
	r := run(t, FileConfig{Path: path, History: time.Hour, Linger: time.Millisecond})
	r.want(t, false, "old 1")
	old, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	defer func() { _ = old.Close() }()
	must(t, os.Rename(path, path+".1"))
	// Until its HUP the writer goes on in the renamed file.
	_, err = old.WriteString("old 2\n")
	must(t, err)
	r.want(t, true, "old 2")
	write(t, path, "")
	_, err = old.WriteString("old 3\nold 4, never ended")
	must(t, err)
	r.want(t, true, "old 3")
	write(t, path, "new 1\n")
	// The order of files that are written at once is not defined.
	got := map[string]bool{}
	for _, h := range r.take(t, 2) {
		got[h.Text] = true
	}
	if !got["new 1"] || !got["old 4, never ended"] {
		t.Fatalf("got %v", got)
	}
	// Whether the moment without a log was noticed is a matter of luck.
	r.wantStats(t, Stats{Lines: 5, Bytes: uint64(6*3 + len("old 4, never ended") + 6), Rotations: 1, Reopens: r.Stats().Reopens})
	r.silent(t)
}

func TestCopyTruncate(t *testing.T) {
	path := logPath(t)
	write(t, path, "old 1\nold 2\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "old 1", "old 2")
	copyTo(t, path, path+".1")
	must(t, os.Truncate(path, 0))
	write(t, path, "new 1\n")
	r.want(t, true, "new 1")
	r.wantStats(t, Stats{Lines: 3, Bytes: 18, Truncations: 1})
	r.silent(t)
}

// A line that the cut has torn is lost, and what is left of it is no line: an
// address at its end would be another's. The copy makes no difference.
func TestTruncateTearsALine(t *testing.T) {
	for name, copied := range map[string]bool{"cut": false, "copied and cut": true} {
		t.Run(name, func(t *testing.T) {
			path := logPath(t)
			write(t, path, "old 1\n")
			r := run(t, FileConfig{Path: path})
			r.want(t, false, "old 1")
			write(t, path, "old 2\nrhost=192.0.2.1")
			r.want(t, true, "old 2")
			if copied {
				copyTo(t, path, path+".1")
			}
			must(t, os.Truncate(path, 0))
			write(t, path, "new 1\n")
			r.want(t, true, "new 1")
			r.silent(t)
		})
	}
}

// A truncated log that has outgrown our offset before we look again must not
// be read from the middle, and what we had not read is in the copy.
func TestCopyTruncateRegrown(t *testing.T) {
	path := logPath(t)
	held, free := make(chan struct{}), make(chan struct{})
	r := launch(t, FileConfig{Path: path})
	await(t, r.Ready(), "source is ready")
	r.done = func(Position) {
		held <- struct{}{}
		<-free
	}
	write(t, path, "old 1\n")
	r.want(t, true, "old 1")
	await(t, held, "the source is held up")
	write(t, path, "old 2\nold 3\n")
	copyTo(t, path, path+".1")
	must(t, os.Truncate(path, 0))
	lines, text := numbered(0, 100)
	write(t, path, text)
	go func() {
		for range held {
			free <- struct{}{}
		}
	}()
	free <- struct{}{}
	r.want(t, true, append([]string{"old 2", "old 3"}, lines...)...)
	r.wantStats(t, Stats{Lines: 103, Bytes: uint64(18 + len(text)), Truncations: 1, Reopens: 1})
	r.silent(t)
	r.stop()
	close(held)
}

// A writer that does not append goes on at its old offset after the cut and
// leaves a hole of NUL bytes.
func TestTruncateLeavesHole(t *testing.T) {
	path := logPath(t)
	f, err := os.Create(path)
	must(t, err)
	defer func() { _ = f.Close() }()
	r := run(t, FileConfig{Path: path})
	_, err = f.WriteString(strings.Repeat("old line\n", 10))
	must(t, err)
	r.want(t, true, strings.Split(strings.Repeat("old line\n", 10), "\n")[:10]...)
	must(t, os.Truncate(path, 0))
	r.wantStats(t, Stats{Lines: 10, Bytes: 90, Truncations: 1})
	_, err = f.WriteString("new\n")
	must(t, err)
	r.want(t, true, "new")
	r.wantStats(t, Stats{Lines: 11, Bytes: 90 + 94, Truncations: 1})
}

func TestDeleteAndCreate(t *testing.T) {
	path := logPath(t)
	write(t, path, "old 1\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "old 1")
	must(t, os.Remove(path))
	r.wantStats(t, Stats{Lines: 1, Bytes: 6})
	write(t, path, "new 1\n")
	r.want(t, true, "new 1")
	write(t, path, "new 2\n")
	r.want(t, true, "new 2")
	eventually(t, func() bool { return r.Stats().Rotations == 1 }, func() string { return "rotation not counted" })
	r.silent(t)
}

func TestVanishAndReturn(t *testing.T) {
	path := logPath(t)
	write(t, path, "line 1\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "line 1")
	must(t, os.Rename(path, path+".away"))
	write(t, path+".away", "line 2\n")
	must(t, os.Rename(path+".away", path))
	write(t, path, "line 3\n")
	r.want(t, true, "line 2", "line 3")
	if s := r.Stats(); s.Rotations != 0 || s.Errors != 0 {
		t.Fatalf("the same file came back, yet %+v", s)
	}
	r.silent(t)
}

func TestSymlinkSwap(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "a"), 0o750))
	must(t, os.Mkdir(filepath.Join(dir, "b"), 0o750))
	path, a, b := filepath.Join(dir, "current"), filepath.Join(dir, "a", "log"), filepath.Join(dir, "b", "log")
	write(t, a, "a 1\n")
	write(t, b, "b 1\n")
	swap := func(target string) {
		must(t, os.Symlink(target, path+".new"))
		must(t, os.Rename(path+".new", path))
	}
	swap("a/log")
	r := run(t, FileConfig{Path: path, Linger: time.Millisecond})
	r.want(t, false, "a 1")
	write(t, a, "a 2\n")
	r.want(t, true, "a 2")
	swap("b/log")
	r.want(t, true, "b 1")
	write(t, b, "b 2\n")
	r.want(t, true, "b 2")
	// Back again: what was read must not be read twice.
	swap("a/log")
	write(t, a, "a 3\n")
	r.want(t, true, "a 3")
	r.wantStats(t, Stats{Lines: 5, Bytes: 20, Rotations: 2})
	r.silent(t)
}

func TestMissingDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not", "yet", "mail.log")
	r := run(t, FileConfig{Path: path, Poll: time.Hour})
	must(t, os.MkdirAll(filepath.Dir(path), 0o750))
	write(t, path, "line 1\n")
	r.want(t, true, "line 1")
	r.wantStats(t, Stats{Lines: 1, Bytes: 7, Reopens: 1})
}

func TestDirectoryInPlaceOfLog(t *testing.T) {
	path := logPath(t)
	must(t, os.Mkdir(path, 0o750))
	r := run(t, FileConfig{Path: path})
	r.wantStats(t, Stats{Errors: 1, Trouble: "open " + path + ": it is a directory, not a log file"})
	must(t, os.Remove(path))
	write(t, path, "line 1\n")
	if got := r.take(t, 1)[0].Text; got != "line 1" {
		t.Fatalf("got %q", got)
	}
}

func TestPartialLine(t *testing.T) {
	path := logPath(t)
	write(t, path, "whole\nhal")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "whole")
	if pos := r.last(); pos.Offset != 6 {
		t.Fatalf("position %d, want 6: half a line is not done", pos.Offset)
	}
	write(t, path, "f of it")
	write(t, path, "\n")
	r.want(t, true, "half of it")
	r.wantStats(t, Stats{Lines: 2, Bytes: 17})
}

func TestOverLongLine(t *testing.T) {
	path := logPath(t)
	r := run(t, FileConfig{Path: path})
	long := strings.Repeat("x", 3*DefaultMaxLine)
	write(t, path, "before\n"+long+"\nafter\n")
	r.want(t, true, "before", long[:DefaultMaxLine], "after")
	r.wantStats(t, Stats{Lines: 3, Bytes: uint64(len(long) + 14), OverLong: 1, Reopens: 1})
}

func TestNULBytes(t *testing.T) {
	path := logPath(t)
	write(t, path, "a\x00b\n\x00\x00c\n\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "a\x00b", "c", "")
	r.wantStats(t, Stats{Lines: 3, Bytes: 9})
}

// copyTo copies a log, as copytruncate does before it truncates.
func copyTo(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, content, 0o600))
}

// The source runs on a thread that has given up root's rights over files.
func TestPermissionDenied(t *testing.T) {
	needRoot(t) // who alone can give up the rights over files
	path := logPath(t)
	write(t, path, "line 1\n")
	must(t, os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755)) //nolint:gosec // other users must get to the log
	must(t, os.Chmod(path, 0o600))
	f, s := NewFile(FileConfig{Path: path}), newSink()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // never unlocked: the thread ends with us
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		_ = f.Run(ctx, s)
	}()
	defer func() { cancel(); <-ended }()
	await(t, f.Ready(), "the source is ready although the log is refused")
	if got := f.Stats(); got.Errors != 1 || !strings.Contains(got.Trouble, "permission denied; ") {
		t.Fatalf("counted %+v", got)
	}
	must(t, os.Chmod(path, 0o644)) //nolint:gosec // that is the point
	s.want(t, false, "line 1")
	write(t, path, "line 2\n")
	s.want(t, true, "line 2")
	if got := f.Stats(); got.Errors != 1 || got.Reopens != 1 || got.Trouble != "" {
		t.Fatalf("counted %+v", got)
	}
}
