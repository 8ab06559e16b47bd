package blocklist

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lab is a List over a directory.
type lab struct {
	*List
	t   *testing.T
	dir string
	log bytes.Buffer
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir()}
	l.List = &List{Globs: []string{filepath.Join(l.dir, "*.txt")}, Log: slog.New(slog.NewTextHandler(&l.log, nil))}
	return l
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

// write replaces a file as programs do that care: beside it, then by name.
func (l *lab) write(name, text string) {
	l.t.Helper()
	next := l.path(name + ".new")
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(next, l.path(name)); err != nil {
		l.t.Fatal(err)
	}
}

// look is one look at the files, whose result must be this.
func (l *lab) look(step string, news bool, want ...string) {
	l.t.Helper()
	got, changed := l.refresh()
	if changed != news {
		l.t.Errorf("%s: news %v, want %v", step, changed, news)
	}
	l.expect(step, got, want...)
}

func (l *lab) expect(step string, got []netip.Prefix, want ...string) {
	l.t.Helper()
	var text []string
	for _, p := range got {
		text = append(text, p.String())
	}
	if diff := cmp.Diff(want, text); diff != "" {
		l.t.Errorf("%s: prefixes (-want +got):\n%s", step, diff)
	}
}

func TestLifeOfAList(t *testing.T) {
	l := newLab(t)
	l.write("b.txt", "192.0.2.2\n")
	l.write("a.txt", "192.0.2.1\n")
	l.expect("start", l.Load(), "192.0.2.1/32", "192.0.2.2/32")
	l.look("nothing happened", false, "192.0.2.1/32", "192.0.2.2/32")

	l.write("a.txt", "192.0.2.1\n192.0.2.5\n")
	l.look("just changed", false, "192.0.2.1/32", "192.0.2.2/32")
	l.write("a.txt", "192.0.2.1\n192.0.2.5\n192.0.2.6\n")
	l.look("still changing", false, "192.0.2.1/32", "192.0.2.2/32")
	l.look("at rest", true, "192.0.2.1/32", "192.0.2.5/32", "192.0.2.6/32", "192.0.2.2/32")

	l.write("c.txt", "# nothing\n")
	l.look("new", false, "192.0.2.1/32", "192.0.2.5/32", "192.0.2.6/32", "192.0.2.2/32")
	l.look("new and without prefixes", false, "192.0.2.1/32", "192.0.2.5/32", "192.0.2.6/32", "192.0.2.2/32")

	if err := os.Remove(l.path("a.txt")); err != nil {
		t.Fatal(err)
	}
	l.look("perhaps being replaced", false, "192.0.2.1/32", "192.0.2.5/32", "192.0.2.6/32", "192.0.2.2/32")
	l.look("gone", true, "192.0.2.2/32")
	l.look("still gone", false, "192.0.2.2/32")
}

// TestFaultyListStays spoils a list in every way: what it held before stays in
// force, the fault is told once, and the list is taken again when it is well.
func TestFaultyListStays(t *testing.T) {
	spoil := map[string]func(path string) error{
		"writable by others": func(path string) error { return os.Chmod(path, 0o622) },
		"of another user":    func(path string) error { return os.Chown(path, 4711, -1) },
		"a directory": func(path string) error {
			return firstError(os.Remove(path), os.Mkdir(path, 0o700))
		},
		"a named pipe": func(path string) error {
			return firstError(os.Remove(path), syscall.Mkfifo(path, 0o600))
		},
		"too large": func(path string) error { return os.Truncate(path, maxBytes+1) },
	}
	for name, do := range spoil {
		t.Run(name, func(t *testing.T) {
			if name == "of another user" && os.Geteuid() != 0 && os.Getenv("SMTPBL_REQUIRE_NETNS") == "" {
				t.Skip("only root can give files away")
			}
			l := newLab(t)
			l.write("a.txt", "192.0.2.1\n")
			l.expect("start", l.Load(), "192.0.2.1/32")
			if err := do(l.path("a.txt")); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				l.look("spoilt", false, "192.0.2.1/32")
			}
			if n := strings.Count(l.log.String(), "block list is not taken"); n != 1 {
				t.Errorf("fault told %d times, want once:\n%s", n, &l.log)
			}
			if files := l.Files(); len(files) != 1 || files[0].Fault == "" || files[0].Prefixes != 1 {
				t.Errorf("state %+v, want one list with a fault and its old prefix", files)
			}
			if err := os.RemoveAll(l.path("a.txt")); err != nil {
				t.Fatal(err)
			}
			l.write("a.txt", "192.0.2.9\nx\n")
			l.look("mended", false, "192.0.2.1/32")
			l.look("taken", true, "192.0.2.9/32")
			want := []File{{Path: l.path("a.txt"), Prefixes: 1, BadLines: 1}}
			if diff := cmp.Diff(want, l.Files()); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestNoListYet begins without a file and takes the one that comes.
func TestNoListYet(t *testing.T) {
	l := newLab(t)
	l.expect("start", l.Load())
	if !strings.Contains(l.log.String(), "no block list found") {
		t.Errorf("nothing was said:\n%s", &l.log)
	}
	l.write("a.txt", "2001:db8::/32\n")
	l.look("new", false)
	l.look("at rest", true, "2001:db8::/32")
}
