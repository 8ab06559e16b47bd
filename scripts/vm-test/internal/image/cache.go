package image

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Cache is a folder of kernels and systems.
type Cache struct {
	dir  string
	say  func(format string, args ...any)
	held []*os.File // what is in use, and so is not removed by others
}

// OpenCache opens the cache in $VMTEST_CACHE, or in smtpbl-vm in the user's
// folder for such.
func OpenCache(say func(format string, args ...any)) (*Cache, error) {
	dir := os.Getenv("VMTEST_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find the cache: %w", err)
		}
		dir = filepath.Join(user, "smtpbl-vm")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	return &Cache{dir: dir, say: say}, nil
}

// Close lets others remove what this cache gave out.
func (c *Cache) Close() {
	for _, f := range c.held {
		_ = f.Close()
	}
}

// entry returns the folder of what is described by key, which build fills if it
// is not there yet. Those of other descriptions are removed.
func (c *Cache) entry(name, key string, build func(dir string) error) (string, error) {
	lock, err := os.OpenFile(filepath.Join(c.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", fmt.Errorf("lock the cache: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if err = unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the cache: %w", err)
	}
	dir := filepath.Join(c.dir, name+"-"+key)
	if _, err = os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		err = c.build(dir, build)
	}
	if err != nil {
		return "", err
	}
	if err = c.hold(dir); err != nil {
		return "", err
	}
	return dir, c.removeOthers(name, dir)
}

// build fills a folder beside dir and gives it that name when it is whole.
func (c *Cache) build(dir string, build func(dir string) error) error {
	// What a killed run left: nobody else builds while the lock is held.
	left, err := filepath.Glob(filepath.Join(c.dir, "new.*"))
	for _, l := range left {
		err = errors.Join(err, os.RemoveAll(l))
	}
	if err != nil {
		return fmt.Errorf("clean the cache: %w", err)
	}
	tmp, err := os.MkdirTemp(c.dir, "new.")
	if err != nil {
		return fmt.Errorf("make a place in the cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err = os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err = build(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// hold keeps dir from being removed as long as this program uses it.
func (c *Cache) hold(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	c.held = append(c.held, f)
	return unix.Flock(int(f.Fd()), unix.LOCK_SH)
}

func (c *Cache) removeOthers(name, keep string) error {
	const keyLen = 16
	dirs, err := filepath.Glob(filepath.Join(c.dir, name+"-"+strings.Repeat("?", keyLen)))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if dir == keep {
			continue
		}
		f, err := os.Open(dir)
		if err != nil {
			return err
		}
		// Another run that uses it holds a shared lock.
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			err = os.RemoveAll(dir)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// key makes a key of a description: files of this package and further words.
func key(files embed.FS, words ...string) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		return err
	})
	fmt.Fprintf(h, "%q", words)
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

// run runs a program; its error tells what that printed. The program and all it
// starts have mounts of their own, and it does not outlive this one.
func run(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out), nil
}
