package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/owned"
)

const (
	// lockPatience is how long lock waits for another process to let go. One
	// that was killed holds its files until the kernel has ended what it was
	// doing, which for a change of the tables can take a second.
	lockPatience = 3 * time.Second
	lockRetry    = 20 * time.Millisecond
)

// awaitLock returns EWOULDBLOCK if another process keeps the lock.
func awaitLock(fd int) error {
	deadline := time.Now().Add(lockPatience)
	for {
		err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(lockRetry)
	}
}

// makeRuntimeDir makes the directory of the lock file and the control socket.
func makeRuntimeDir(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = unix.Access(dir, unix.W_OK)
	}
	if err != nil {
		return withHint(fmt.Errorf("make the runtime directory: %w", err), "run as root, or set runtime_dir to a directory you may write")
	}
	return nil
}

// lock takes the lock file of a runtime directory for as long as the process
// lives. The kernel releases it however the process ends.
func lock(dir string) (release func(), err error) {
	path := filepath.Join(dir, "smtpbl.lock")
	f, err := owned.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, withHint(fmt.Errorf("open the lock file: %w", err), "run as root, or set runtime_dir to a directory you may write")
	}
	err = awaitLock(int(f.Fd()))
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder := holderOf(f)
		_ = f.Close()
		return nil, withHint(fmt.Errorf("another smtpbl is running (process %s)", holder),
			"smtpbl status shows what it does; stop it first, or use another runtime_dir, state_dir and nft.table")
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	_ = f.Truncate(0)
	_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	return func() { _ = f.Close() }, nil
}

// holderOf reads the process's number from the open lock file: by its name it could
// be another one by now, which leads root elsewhere.
func holderOf(f *os.File) string {
	number := make([]byte, 20)
	n, _ := f.ReadAt(number, 0) // io.EOF, as a rule
	return strings.TrimSpace(string(number[:n]))
}
