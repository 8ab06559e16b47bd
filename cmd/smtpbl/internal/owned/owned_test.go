package owned

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

const user, group = 1234, 4321

// belongs makes a directory of another user's; only root can.
func belongs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chown(dir, user, group); err != nil {
		nstest.Lacks(t, err.Error())
	}
	return dir
}

func owner(t *testing.T, path string) (uid, gid uint32) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return st.Uid, st.Gid
}

func TestWhatRootMakesIsTheDirectorysOwners(t *testing.T) {
	path := filepath.Join(belongs(t), "file")
	if err := WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if uid, gid := owner(t, path); uid != user || gid != group {
		t.Errorf("the file belongs to %d:%d", uid, gid)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "text" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

func TestWhatWasThereStaysWhoseItIs(t *testing.T) {
	dir := belongs(t)
	full, linked := filepath.Join(dir, "full"), filepath.Join(dir, "linked")
	if err := os.WriteFile(full, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(outside, linked); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{full, linked} {
		f, err := OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		if uid, _ := owner(t, path); uid != 0 {
			t.Errorf("%s was given to %d", path, uid)
		}
	}
}

// TestALinkLeadsNowhere puts links where root is to write: what they point to must
// be neither emptied nor given away.
func TestALinkLeadsNowhere(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(t.TempDir(), "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("text"), 0o600); err == nil {
		t.Error("the link was followed")
	}
	if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
		t.Errorf("the target holds %q, %v", text, err)
	}
}

// TestReadingIsBounded reads a file, then what root must not read or wait at: a link
// and a pipe that nobody writes to.
func TestReadingIsBounded(t *testing.T) {
	dir := t.TempDir()
	file, link, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), os.Symlink(file, link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(file, 3); err != nil || string(text) != "tex" {
		t.Errorf("read %q, %v", text, err)
	}
	for _, path := range []string{link, pipe, dir} {
		if text, err := ReadFile(path, 3); err == nil {
			t.Errorf("%s: read %q", path, text)
		}
	}
}
