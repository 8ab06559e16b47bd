package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stampedConn reads a connection for which the kernel writes down when each
// packet came in from the device, before any rule saw it.
type stampedConn struct {
	conn    *net.TCPConn
	flowing chan struct{} // closed after enoughReads that have a time
	done    chan struct{} // closed when reading has ended; guards the rest
	last    time.Time     // when the last packet that was let through came in
	ended   time.Time     // when reading failed
	err     error
}

// enoughReads is when a connection is taken for one that sends all the time.
const enoughReads = 100

// receiveBuffer is the server's, in bytes.
const receiveBuffer = 32 << 20

func newStampedConn(c *net.TCPConn) *stampedConn {
	return &stampedConn{conn: c, flowing: make(chan struct{}), done: make(chan struct{})}
}

// listenStamped listens in the namespace of the calling thread. Connections
// inherit the option from their listener.
func listenStamped(at netip.AddrPort) (*net.TCPListener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if ctrl := raw.Control(func(fd uintptr) {
			// There is room for all that is sent, however late it is read.
			err = errors.Join(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer))
		}); ctrl != nil {
			return ctrl
		}
		return err
	}}
	l, err := lc.Listen(context.Background(), "tcp4", at.String())
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", at, err)
	}
	return l.(*net.TCPListener), nil
}

// read reads until an error.
func (s *stampedConn) read() {
	defer close(s.done)
	raw, err := s.conn.SyscallConn()
	if err != nil {
		s.err = err
		return
	}
	data, control := make([]byte, 64<<10), make([]byte, 256)
	for stamped := 0; s.err == nil; {
		n, oob, err := receive(raw, data, control)
		if err == nil && n == 0 {
			err = io.EOF
		}
		s.ended, s.err = time.Now(), err
		// The kernel begins to write times down some time after the first
		// socket has asked for it (linux net/core/dev.c, net_enable_timestamp).
		if at, ok := stamp(control[:oob]); ok && err == nil {
			s.last = at
			if stamped++; stamped == enoughReads {
				close(s.flowing)
			}
		}
	}
}

// expect makes sure that reading ended as it should have: by a reset if the
// connection was killed, otherwise at the deadline.
func (s *stampedConn) expect(killed bool) error {
	want := os.ErrDeadlineExceeded
	if killed {
		want = unix.ECONNABORTED // linux net/ipv4/tcp.c, tcp_abort
	}
	if !errors.Is(s.err, want) {
		return fmt.Errorf("read from a banned address: got %w, want %w", s.err, want)
	}
	return nil
}

// receive waits for data.
func receive(raw syscall.RawConn, data, control []byte) (n, oob int, err error) {
	waited := raw.Read(func(fd uintptr) bool {
		n, oob, _, _, err = unix.Recvmsg(int(fd), data, control, 0)
		return !errors.Is(err, unix.EAGAIN)
	})
	return n, oob, errors.Join(waited, err)
}

// stamp finds the time in control messages: two numbers of 64 bits, seconds and
// nanoseconds (struct __kernel_timespec).
func stamp(control []byte) (time.Time, bool) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Time{}, false
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS_NEW && len(m.Data) >= 16 {
			sec, nsec := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
			return time.Unix(int64(sec), int64(nsec)), true
		}
	}
	return time.Time{}, false
}
