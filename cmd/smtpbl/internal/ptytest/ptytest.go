// Package ptytest gives a test a pseudo terminal, see pty(7).
package ptytest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Open makes a pseudo terminal. What is written to user is typed on it, and what
// programs show on tty can be read from user. The caller closes both.
func Open() (user, tty *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a pseudo terminal: %w", err)
	}
	user = os.NewFile(uintptr(fd), "/dev/ptmx") // non-blocking, so that deadlines work
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		var n int
		if n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN); err == nil {
			tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
		}
	}
	if err != nil {
		_ = user.Close()
		return nil, nil, fmt.Errorf("open the pseudo terminal: %w", err)
	}
	return user, tty, nil
}
