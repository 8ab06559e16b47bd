package postfix

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

// newQueue makes a queue of root's; only root can test this.
func newQueue(t *testing.T) *Directory {
	t.Helper()
	if os.Geteuid() != 0 {
		nstest.Lacks(t, "only root can give a directory away")
	}
	return &Directory{Queue: t.TempDir(), User: 1234, Group: 4321}
}

func (d *Directory) check(t *testing.T) {
	t.Helper()
	info, err := os.Lstat(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if int(st.Uid) != d.User || int(st.Gid) != d.Group || info.Mode() != os.ModeDir|directoryMode {
		t.Errorf("the directory is %d:%d %v", st.Uid, st.Gid, info.Mode())
	}
}

func TestDirectoryIsMadeOnce(t *testing.T) {
	d := newQueue(t)
	for _, want := range []bool{true, false} {
		if changed, err := d.Make(); changed != want || err != nil {
			t.Errorf("changed: %v, %v, want %v", changed, err, want)
		}
		d.check(t)
	}
}

func TestDirectoryIsPutRight(t *testing.T) {
	d := newQueue(t)
	if err := os.Mkdir(d.Path(), 0o777); err != nil {
		t.Fatal(err)
	}
	if changed, err := d.Make(); !changed || err != nil {
		t.Errorf("changed: %v, %v", changed, err)
	}
	d.check(t)
}

// TestDirectoryIsRefused puts something else there: it stays as it is.
func TestDirectoryIsRefused(t *testing.T) {
	secret := t.TempDir()
	for name, test := range map[string]struct {
		put  func(d *Directory) error
		says string
	}{
		"a link":         {func(d *Directory) error { return os.Symlink(secret, d.Path()) }, "not a directory"},
		"a file":         {func(d *Directory) error { return os.WriteFile(d.Path(), nil, 0o600) }, "not a directory"},
		"another's":      {func(d *Directory) error { return os.Mkdir(d.Path(), 0o700) }, "another user"},
		"an open queue":  {func(d *Directory) error { return os.Chmod(d.Queue, 0o777) }, "others than root"},
		"no queue":       {func(d *Directory) error { return os.Remove(d.Queue) }, "no such file"},
		"another's root": {func(d *Directory) error { return os.Chown(d.Queue, 1234, 0) }, "others than root"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newQueue(t)
			if err := test.put(d); err != nil {
				t.Fatal(err)
			}
			if name == "another's" {
				if err := os.Chown(d.Path(), 5, 5); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := d.Make(); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one that says %q", err, test.says)
			}
			info, err := os.Stat(secret)
			if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
				t.Errorf("what the link points to was given away: %v", err)
			}
			if st, err := os.Lstat(filepath.Join(d.Queue, DirectoryName)); err == nil && st.Sys().(*syscall.Stat_t).Uid == 1234 {
				t.Error("what was there was given away")
			}
		})
	}
}
