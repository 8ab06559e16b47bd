package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stampedConn reads a connection for which the kernel writes down when each
// packet came in from the device, before any rule saw it.
type stampedConn struct {
	conn    *net.TCPConn
	flowing chan struct{} // closed after enoughReads
	done    chan struct{} // closed when reading has ended; guards the rest
	last    time.Time     // when the last packet that was let through came in
	ended   time.Time     // when reading failed
	err     error
}

// enoughReads is when a connection is taken for one that sends all the time.
const enoughReads = 100

// receiveBuffer is the server's, in bytes.
const receiveBuffer = 32 << 20

// errPeerEnded means that the client, not a ban or a deadline, ended a
// connection.
var errPeerEnded = errors.New("the client ended the connection")

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
		close(s.flowing)
		return
	}
	data, control := make([]byte, 64<<10), make([]byte, 256)
	for reads := 0; ; reads++ {
		if reads == enoughReads {
			close(s.flowing)
		}
		n, oob, err := receive(raw, data, control)
		if err != nil || n == 0 {
			s.ended, s.err = time.Now(), err
			if err == nil {
				s.err = errPeerEnded
			}
			if reads < enoughReads {
				close(s.flowing)
			}
			return
		}
		if at, ok := stamp(control[:oob]); ok {
			s.last = at
		}
	}
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
