package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// notifySocket receives what a service tells its manager (sd_notify(3)).
type notifySocket struct {
	conn  *net.UnixConn
	ready chan struct{} // gets one for each READY=1
	told  *Log          // all that was said, a line each
	done  func() error  // closes the socket, once
}

// maxReadies is how many READY=1 may come before somebody waits for them.
const maxReadies = 16

// listenNotify makes the socket in a directory of its own.
func listenNotify() (*notifySocket, error) {
	dir, err := os.MkdirTemp("/run", "notify-")
	if err != nil {
		return nil, fmt.Errorf("make the notification socket: %w", err)
	}
	path := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("listen for notifications: %w", err)
	}
	n := &notifySocket{conn: conn, ready: make(chan struct{}, maxReadies), told: newLog()}
	n.done = sync.OnceValue(func() error { return errors.Join(conn.Close(), os.RemoveAll(dir)) })
	// As with systemd's own, it is no secret where it is.
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o777)); err != nil {
		return nil, errors.Join(fmt.Errorf("open the notification socket to all: %w", err), n.close())
	}
	go n.read()
	return n, nil
}

func (n *notifySocket) read() {
	buf := make([]byte, 64<<10)
	for {
		size, err := n.conn.Read(buf)
		if err != nil {
			return
		}
		_, _ = n.told.Write(append(buf[:size:size], '\n')) // never fails
		if slices.Contains(strings.Split(string(buf[:size]), "\n"), "READY=1") {
			select {
			case n.ready <- struct{}{}:
			default: // nobody waits for so many
			}
		}
	}
}

// path is what NOTIFY_SOCKET must hold.
func (n *notifySocket) path() string { return n.conn.LocalAddr().String() }

// close closes the socket and removes its directory.
func (n *notifySocket) close() error { return n.done() }

// errEnded says that the service ended while something else was awaited.
var errEnded = errors.New("the service has ended")

// await waits for the next READY=1, the end of the service or the end of ctx.
func (n *notifySocket) await(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-n.ready:
		return nil
	case <-ended:
		return errEnded
	case <-ctx.Done():
		return fmt.Errorf("wait for READY=1: %w", ctx.Err())
	}
}
