package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// unixSocket takes datagrams of processes of this machine, with credentials
// that the kernel vouches for.
type unixSocket struct {
	*net.UnixConn
	s    *Syslog
	path string
}

// listenUnix makes the socket. One that nobody listens to is left over from an
// earlier run and makes room.
func (s *Syslog) listenUnix(ctx context.Context, where listener) (socket, error) {
	if err := clearSocket(ctx, where.path); err != nil {
		return nil, err
	}
	options := net.ListenConfig{Control: control(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	})}
	conn, err := options.ListenPacket(ctx, "unixgram", where.path)
	if err != nil {
		return nil, err
	}
	u := &unixSocket{UnixConn: conn.(*net.UnixConn), s: s, path: where.path}
	// There is no moment before in which others might write: it takes the
	// permission to write (unix(7)), which a new socket gives to its owner alone
	// under every usual umask, and the credentials are looked at besides.
	if err := os.Chmod(where.path, 0o600); err != nil {
		return nil, errors.Join(err, u.Close())
	}
	return u, nil
}

// control makes a function that sets socket options before bind.
func control(set func(fd int) error) func(_, _ string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = errors.Join(set(int(fd)), enlarge(int(fd)))
		})
		return errors.Join(err, failed)
	}
}

// enlarge asks for a large receive buffer, past net.core.rmem_max where we may.
func enlarge(fd int) error {
	const size = 8 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) == nil {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size)
}

// clearSocket removes a socket that nobody listens to.
func clearSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("a file that is no socket is in the way")
	}
	var d net.Dialer
	if conn, err := d.DialContext(ctx, "unixgram", path); err == nil {
		_ = conn.Close() // nothing was sent
		return errors.New("another program listens there")
	}
	return os.Remove(path)
}

func (u *unixSocket) place() string { return "unix:" + u.path }

// Close ends serve and removes the socket.
func (u *unixSocket) Close() error {
	return errors.Join(u.UnixConn.Close(), os.Remove(u.path))
}

func (u *unixSocket) serve(ctx context.Context) {
	buf := make([]byte, maxSyslog)
	// There is room for the credentials and nothing else: file descriptors
	// that somebody sends along are closed by the kernel (unix(7), SCM_RIGHTS).
	extra := make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	for {
		n, more, flags, _, err := u.ReadMsgUnix(buf, extra)
		if err != nil {
			if u.s.readFailed(ctx, u.place(), err) {
				return
			}
			continue
		}
		if uid, ok := sender(extra[:more]); !ok || uid >= firstUser {
			u.s.refuse(u.place(), "user "+strconv.FormatUint(uint64(uid), 10))
			continue
		}
		u.s.datagram(buf[:n], flags)
	}
}

// sender reads the user from the credentials that came with a datagram.
func sender(extra []byte) (uid uint32, ok bool) {
	data, ok := told(extra, unix.SCM_CREDENTIALS, unix.SizeofUcred)
	if !ok {
		return 0, false
	}
	return binary.NativeEndian.Uint32(data[4:]), true // struct ucred: pid, uid, gid
}
