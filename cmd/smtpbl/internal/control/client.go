package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrNoService means that no service answers on the socket.
var ErrNoService = errors.New("the service is not running")

// callTimeout bounds a call whose context has no deadline; a list of a
// million bans takes some seconds.
const callTimeout = 2 * time.Minute

// Call sends a request to the service whose socket lies in dir. It returns
// ErrNoService where none runs, and a *RemoteError where the service says no, or
// would say so to a stranger.
func Call(ctx context.Context, dir string, req *Request) (*Response, error) {
	path := filepath.Join(dir, SocketName)
	conn, err := dial(ctx, path)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return nil, ErrNoService
	case errors.Is(err, os.ErrPermission):
		return nil, errStranger
	case err != nil:
		return nil, fmt.Errorf("reach the service: %w", err)
	}
	defer conn.Close() //nolint:errcheck // the answer was read
	_ = conn.SetDeadline(time.Now().Add(callTimeout))
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // a time that is over
	if err := errors.Join(json.NewEncoder(conn).Encode(req), conn.CloseWrite()); err != nil {
		return nil, fmt.Errorf("ask the service: %w", errors.Join(ctx.Err(), err))
	}
	var resp Response
	if err := readMessage(conn, maxAnswer, &resp); err != nil {
		return nil, fmt.Errorf("hear the service: %w", errors.Join(ctx.Err(), err))
	}
	if resp.Error != "" {
		return nil, &RemoteError{Message: resp.Error, Advice: resp.Hint}
	}
	return &resp, nil
}

func dial(ctx context.Context, path string) (*net.UnixConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}
