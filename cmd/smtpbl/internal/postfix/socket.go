package postfix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketMode lets everybody ask who can reach the socket: Postfix's processes
// run as a user of their own. Who can reach it is a matter of the directory;
// the one that Directory makes keeps all others out. Postfix's own sockets in
// private/ are open in the same way.
const socketMode = 0o666

// socket is a listening socket that removes its file when it is closed, if it
// is still its own.
type socket struct {
	*net.UnixListener
	path string
	file fs.FileInfo
}

// listen makes the socket. The file of an earlier one at which nobody listens
// any more is replaced; anything else that is there is an error.
func listen(ctx context.Context, path string) (*socket, error) {
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("make the socket: %w", err)
	}
	l.SetUnlinkOnClose(false)
	s := &socket{UnixListener: l, path: path}
	if s.file, err = os.Lstat(path); err == nil {
		err = open(path)
	}
	if err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open the socket to Postfix: %w", err)
	}
	return s, nil
}

// removeStale removes a socket that nobody listens at.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for an old socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("make the socket: %s is there and is no socket", path)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("make the socket: another program listens at %s", path)
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("find out whether somebody listens at the old socket: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the old socket: %w", err)
	}
	return nil
}

// open gives the socket at path its mode. It is taken hold of first, so that
// whoever owns the directory cannot have another file opened in its place:
// chmod(2) follows symbolic links.
func open(path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s has become something else", path)
	}
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), socketMode)
}

// Close ends listening and removes the file.
func (s *socket) Close() error {
	if s.there() {
		_ = os.Remove(s.path) // what is left is replaced at the next start
	}
	return s.UnixListener.Close()
}

// there tells whether the file is still its own: with another one in its place,
// or none, nobody can ask.
func (s *socket) there() bool {
	now, err := os.Lstat(s.path)
	return err == nil && s.file != nil && os.SameFile(now, s.file)
}
