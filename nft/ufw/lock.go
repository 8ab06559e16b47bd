package ufw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockWait is how long a running ufw command is waited for; ufw enable takes
// about a second.
const lockWait = 15 * time.Second

// claim takes the lock that every ufw command takes (create_lock in ufw's
// util.py), so that none runs while the harness is changed. Where there is no
// ufw, no lock file is left behind.
func (h *Harness) claim(ctx context.Context) (release func(), err error) {
	if err := h.installed(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(h.lock, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock ufw: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// An open file description lock conflicts with the record lock of
		// Python's lockf, and other threads of this process do not lose it.
		lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
			return nil, errors.Join(fmt.Errorf("lock ufw: %w", err), f.Close())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%w: %s is held", ErrBusy, h.lock), f.Close())
		}
	}
}
