package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// debsDir is where fetched packages lie inside.
const debsDir = "/var/cache/smtpbl-lab"

// cache is a directory of the machine that keeps fetched packages from one
// laboratory to the next; the only one that is written to. Without it they
// are fetched anew each time.
type cache struct {
	dir  string   // outside; empty where there is none
	lock *os.File // held while packages are fetched and installed
}

// openCache finds the cache and waits for its lock; apt-get itself would fail
// rather than wait for another laboratory.
func openCache() *cache {
	dir := cacheDir()
	if !usable(dir) {
		return &cache{}
	}
	f, err := os.OpenFile(filepath.Join(dir, "laboratory.lock"), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return &cache{}
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return &cache{}
	}
	return &cache{dir: dir, lock: f}
}

// usable tells whether dir can be a cache; it makes it where it is missing.
func usable(dir string) bool {
	return dir != "" && os.MkdirAll(dir, 0o755) == nil && unix.Access(dir, unix.W_OK) == nil
}

// cacheDir is $SMTPBL_LAB_CACHE, or smtpbl-lab in the user's cache directory.
func cacheDir() string {
	if d := os.Getenv("SMTPBL_LAB_CACHE"); d != "" {
		return d
	}
	d, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(d, "smtpbl-lab")
}

// bind makes the cache appear under root.
func (c *cache) bind(root string) error {
	if err := os.MkdirAll(root+debsDir, 0o755); err != nil {
		return fmt.Errorf("make the package directory: %w", err)
	}
	if c.dir != "" {
		if err := unix.Mount(c.dir, root+debsDir, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind the package cache: %w", err)
		}
	}
	return nil
}

// leave takes the cache out of reach of everything that runs inside.
func (c *cache) leave() error {
	if c.dir == "" {
		return nil
	}
	if err := unix.Unmount(debsDir, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unbind the package cache: %w", err)
	}
	c.dir = ""
	return nil
}

func (c *cache) close() {
	if c.lock != nil {
		_ = c.lock.Close()
	}
}
