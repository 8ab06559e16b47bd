package ufw

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// machine is a directory with the files of ufw, disabled. What iptables says
// to them is tested with the real one in package integration.
type machine struct {
	*Harness
	t  *testing.T
	ns *nettest.Namespace
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t: t, ns: nettest.New(t), Harness: &Harness{
		cfg: Config{Spec: testSpec(), Table: "smtpbl", Backups: filepath.Join(dir, "backups")},
		etc: filepath.Join(dir, "etc"), defaults: filepath.Join(dir, "default"), lock: filepath.Join(dir, "lock"),
		run: func(context.Context, string, string, ...string) (string, error) { return "", nil },
	}}
	if err := os.Mkdir(m.etc, 0o755); err != nil {
		t.Fatal(err)
	}
	m.write(m.defaults, "# comment\nIPV6=yes\n")
	for _, f := range families {
		m.write(m.file(f), fixture(t, f))
	}
	return m
}

func (m *machine) file(f family) string { return filepath.Join(m.etc, f.file) }

func (m *machine) write(path, text string) {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) install() (res Result, err error) {
	_ = m.ns.Do(func() error {
		res, err = m.Install(m.t.Context())
		return nil
	})
	return res, err
}

// texts are all files of ufw's directory, hidden ones too.
func (m *machine) texts() map[string]string {
	m.t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(m.etc), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(m.etc, path))
		found[path] = string(text)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return found
}

// TestInstallKeepsWhatAFileIs gives a rules file a mode, an owner, an extended
// attribute and another place.
func TestInstallKeepsWhatAFileIs(t *testing.T) {
	m := newMachine(t)
	path := m.file(families[0])
	real := filepath.Join(t.TempDir(), "managed.rules")
	err := errors.Join(os.Rename(path, real), os.Symlink(real, path), os.Chown(real, 12, 34), os.Chmod(real, 0o604))
	if err != nil {
		t.Fatal(err)
	}
	attribute := unix.Setxattr(real, "user.origin", []byte("ansible"), 0) // not every file system has them
	res, err := m.install()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{real, res.Backups[0]} {
		var st unix.Stat_t
		if err := unix.Stat(name, &st); err != nil {
			t.Fatal(err)
		}
		if st.Uid != 12 || st.Gid != 34 || st.Mode&0o7777 != 0o604 {
			t.Errorf("%s: owner %d:%d, mode %o, want 12:34 and 604", name, st.Uid, st.Gid, st.Mode&0o7777)
		}
		value := make([]byte, 16)
		if n, err := unix.Getxattr(name, "user.origin", value); attribute == nil && (err != nil || string(value[:n]) != "ansible") {
			t.Errorf("%s: attribute %q (%v)", name, value[:max(n, 0)], err)
		}
	}
	if to, err := os.Readlink(path); err != nil || to != real {
		t.Errorf("the symbolic link leads to %q (%v), want %q", to, err, real)
	}
	kept, err := os.ReadFile(res.Backups[0])
	if err != nil || string(kept) != fixture(t, families[0]) {
		t.Errorf("the backup is not the file as it was (%v)", err)
	}
	if err := m.Files(); err != nil {
		t.Errorf("after the installation: %v", err)
	}
}

// TestNothingOrAll breaks one thing after the other: no file may be changed, and
// nothing be left behind.
func TestNothingOrAll(t *testing.T) {
	refuse := func(tool string) func(*machine) {
		return func(m *machine) {
			m.run = func(_ context.Context, _, name string, _ ...string) (string, error) {
				if name == tool {
					return "", errors.New("line 3 failed")
				}
				return "", nil
			}
		}
	}
	tests := map[string]struct {
		spoil func(*machine)
		want  string
	}{
		"no ufw":               {func(m *machine) { _ = os.Remove(m.defaults) }, "ufw is not installed"},
		"half of ufw":          {func(m *machine) { _ = os.Remove(m.file(families[1])) }, "a part of it is missing"},
		"no IPv6":              {func(m *machine) { m.write(m.defaults, "IPV6=yes\nIPV6='no' # comment\n") }, "ufw does not filter IPv6"},
		"second file is empty": {func(m *machine) { m.write(m.file(families[1]), "") }, "before6.rules: the file is empty"},
		"first is refused":     {refuse("iptables-restore"), "line 3 failed"},
		"second is refused":    {refuse("ip6tables-restore"), "line 3 failed"},
		"kernel is unreadable": {refuse("ip6tables-save"), "line 3 failed"},
		"no iptables": {func(m *machine) {
			m.run = func(context.Context, string, string, ...string) (string, error) { return "", ErrNoIPTables }
		}, "the program of iptables is missing"},
		"no place for backups": {func(m *machine) { m.cfg.Backups = "/dev/null/backups" }, "make the directory for backups"},
		"disk full":            {func(m *machine) { mount(m, m.cfg.Backups, "size=4k,nr_inodes=3") }, "no space left on device"},
		"read-only":            {func(m *machine) { readOnly(m) }, "read-only file system"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			tt.spoil(m)
			before := m.texts()
			_, err := m.install()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if diff := cmp.Diff(before, m.texts()); diff != "" {
				t.Errorf("something was changed (-before +after):\n%s", diff)
			}
			if left, _ := filepath.Glob(m.cfg.Backups + "/*"); len(left) > 0 {
				t.Errorf("backups of what did not happen are left: %v", left)
			}
		})
	}
}

// mount puts a small file system on dir until the test ends; nobody outside of
// the test's directory sees it.
func mount(m *machine, dir, options string) {
	m.t.Helper()
	if err := errors.Join(os.MkdirAll(dir, 0o700), unix.Mount("tmpfs", dir, "tmpfs", 0, options)); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// readOnly makes ufw's directory one that cannot be written.
func readOnly(m *machine) {
	m.t.Helper()
	before := m.texts()
	mount(m, m.etc, "")
	for name, text := range before {
		m.write(filepath.Join(m.etc, name), text)
	}
	if err := unix.Mount("", m.etc, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		m.t.Fatal(err)
	}
}

// TestSecondFileCannotBeReplaced has the first rename succeed and the second
// fail: the first file comes back.
func TestSecondFileCannotBeReplaced(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	var changes []change
	for _, path := range []string{one, two} {
		if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change{rules: rules{path: path, text: []byte("old")}, text: []byte("new")})
	}
	ready := []*replacement{}
	for i := range changes {
		r, err := prepare(changes[i].path, changes[i].text)
		if err != nil {
			t.Fatal(err)
		}
		ready = append(ready, r)
	}
	if err := os.Remove(ready[1].temporary); err != nil {
		t.Fatal(err)
	}
	if err := commitAll(ready, changes); err == nil {
		t.Fatal("no error")
	}
	for _, path := range []string{one, two} {
		if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
			t.Errorf("%s is %q (%v), want the old text", path, text, err)
		}
	}
}

// TestWaitsForUFW holds ufw's lock until the caller gives up.
func TestWaitsForUFW(t *testing.T) {
	m := newMachine(t)
	release, err := m.claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.claim(ctx); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	release()
	release, err = m.claim(t.Context())
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	release()
}

// TestAnEditMeanwhileIsKept has an administrator save a file after it was read
// and before it is replaced, or after that, while the kernel refuses the rules.
func TestAnEditMeanwhileIsKept(t *testing.T) {
	for name, undone := range map[string]bool{"before the change": false, "before it is undone": true} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			first, second := families[0].file, families[1].file
			was := m.texts()
			edited := false
			m.run = func(_ context.Context, _, program string, args ...string) (string, error) {
				placed := m.texts()[second] != was[second]
				if slices.Contains(args, "--test") && !undone || placed && strings.HasSuffix(program, "-save") && undone {
					if !edited {
						m.write(m.file(families[1]), m.texts()[second]+"# saved meanwhile\n")
					}
					edited = true
				}
				if edited && undone {
					return "", errors.New("the kernel refuses")
				}
				return "", nil
			}
			if _, err := m.install(); !errors.Is(err, ErrEdited) {
				t.Fatalf("install: %v", err)
			}
			is := m.texts()
			if is[first] != was[first] {
				t.Errorf("the other file is changed: %s", is[first])
			}
			if !strings.HasSuffix(is[second], "# saved meanwhile\n") {
				t.Errorf("the edit is lost: %s", is[second])
			}
			delete(is, first)
			delete(is, second)
			delete(was, first)
			delete(was, second)
			if diff := cmp.Diff(was, is); diff != "" {
				t.Errorf("other files (-want +got):\n%s", diff)
			}
		})
	}
}
