// Command agent runs in the guest: it does what the driver asks for over a
// virtio serial port. It is the only way into the machine, so it needs neither a
// network card nor a login.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
	"golang.org/x/sys/unix"
)

const portPath = "/dev/virtio-ports/ctl"

func main() {
	fmt.Fprintln(os.Stderr, "agent:", serve(portPath)) // to the journal
	os.Exit(1)
}

// serve answers on the port until a byte is not as it should be, which is the
// error that it always returns. systemd then starts the agent anew, which says
// Hello, and the driver knows that nobody will answer what it asked before.
func serve(path string) error {
	p, err := openPort(path)
	if err != nil {
		return err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	s := newServer(p)
	if err = s.send(wire.Frame{Kind: wire.Hello, Payload: bytes.TrimSpace(boot)}); err != nil {
		return err
	}
	return s.loop(p)
}

// port is the serial port, read and written with plain system calls: Go's poller
// would take the missing driver on the other side for the end of the file.
type port int

func openPort(path string) (port, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", path, err)
	}
	return port(fd), nil
}

// Read waits where no driver is connected, which the port tells as 0 bytes.
func (p port) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(p), b)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
		case err != nil:
			return 0, err
		case n > 0:
			return n, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p port) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := unix.Write(int(p), b[done:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

var _ io.ReadWriter = port(0)
