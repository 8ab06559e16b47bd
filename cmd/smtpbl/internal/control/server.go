package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Handle answers one request.
type Handle func(ctx context.Context, req *Request) *Response

// Server answers on the control socket.
type Server struct {
	listener *net.UnixListener
	handle   Handle
	log      *slog.Logger
}

const (
	// patience is how long a client may take to send its request.
	patience = 10 * time.Second
	// answering bounds how long an answer may take to be written.
	answering = time.Minute
	// parting is how long the service waits for its clients when it stops.
	parting = time.Second
	// maxClients bounds connections that are served at once.
	maxClients = 32
	// acceptRetry spaces attempts to take a client, where there are no more
	// descriptors: the service lives on without its command line meanwhile.
	acceptRetry = 100 * time.Millisecond
	// strangerMax is how much is read of one who may not ask.
	strangerMax = 4 << 10
)

// Listen makes the socket in dir. The caller holds the lock that keeps a
// second service away, so a socket file that is there is a left-over.
func Listen(dir string, h Handle, log *slog.Logger) (*Server, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old control socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("close the control socket to others: %w", err)
	}
	return &Server{listener: l, handle: h, log: log}, nil
}

// Serve answers until ctx ends, then removes the socket.
func (s *Server) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, maxClients)
	told := false // that clients cannot be taken
	for {
		conn, err := s.listener.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept on the control socket: %w", err)
		case err != nil:
			if !told {
				s.log.Warn("control clients cannot be taken", "err", err)
			}
			told = true
			select {
			case <-time.After(acceptRetry):
			case <-ctx.Done():
			}
			continue
		}
		told = false
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			s.serve(ctx, conn)
		})
	}
}

func (s *Server) serve(ctx context.Context, conn *net.UnixConn) {
	defer conn.Close() //nolint:errcheck // nothing is left to lose
	hurry := func() { _ = conn.SetDeadline(time.Now().Add(parting)) }
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	defer context.AfterFunc(ctx, hurry)()
	resp := s.answer(ctx, conn)
	_ = conn.SetWriteDeadline(time.Now().Add(answering))
	if ctx.Err() != nil {
		hurry()
	}
	if err := json.NewEncoder(conn).Encode(resp); err != nil {
		s.log.Debug("control client left before its answer", "err", err)
	}
}

func (s *Server) answer(ctx context.Context, conn *net.UnixConn) *Response {
	uid, err := peer(conn)
	if err != nil {
		return &Response{Error: err.Error()}
	}
	if uid != 0 && uid != uint32(os.Geteuid()) {
		// What was sent is read, because closing on unread data would reset
		// the connection before the answer arrives.
		_, _ = io.CopyN(io.Discard, conn, strangerMax)
		s.log.Warn("control request refused", "uid", uid)
		return &Response{Error: errStranger.Message, Hint: errStranger.Advice}
	}
	var req Request
	if err := readMessage(conn, maxRequest, &req); err != nil {
		return &Response{Error: err.Error()}
	}
	return s.handle(ctx, &req)
}

// peer returns the user at the other end of the socket.
func peer(conn *net.UnixConn) (uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("look at the control client: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return 0, fmt.Errorf("look at the control client: %w", err)
	}
	return cred.Uid, nil
}
