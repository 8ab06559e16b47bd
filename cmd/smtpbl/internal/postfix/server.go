package postfix

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// Config says where a Server listens and what it answers.
type Config struct {
	Protocol Protocol
	Path     string // of the socket
	// Action and Text are how a client is turned away. Text may hold {addr},
	// {count}, {until} and {for}.
	Action, Text string
	// Standing tells where an address stands. It is asked from many
	// goroutines; an answer that takes longer than ctx is not waited for, and
	// the client passes.
	Standing func(ctx context.Context, addr netip.Addr) (policy.Standing, error)
	// Listening is told when the socket is there, with nil, and when it could
	// not be made and will be tried again, with why.
	Listening func(err error)
}

const (
	// maxConns bounds the connections at once, and with them the memory. Each
	// process of Postfix's smtpd opens one, and there are up to 100
	// (default_process_limit). What is beyond waits in the kernel.
	maxConns = 512
	// slowest is how long a request may take to arrive, and an answer to be
	// taken.
	slowest = 5 * time.Second
	// patience is how long the Engine may take to answer.
	patience = time.Second
	// longestRest is how long a connection may ask nothing. Postfix itself
	// closes it after 300 s (smtpd_policy_service_max_idle).
	longestRest = 15 * time.Minute
	// listenRetry spaces attempts to make the socket.
	listenRetry = 30 * time.Second
	// acceptRetry spaces attempts to take a connection, where there are no
	// more descriptors.
	acceptRetry = time.Second
)

// Server answers on one socket.
type Server struct {
	cfg    Config
	counts counters
	at     atomic.Pointer[socket] // nil while there is none
}

// New makes a Server, which Run sets going.
func New(cfg Config) *Server { return &Server{cfg: cfg} }

// Protocol is what the Server speaks.
func (s *Server) Protocol() Protocol { return s.cfg.Protocol }

// Path is where its socket is.
func (s *Server) Path() string { return s.cfg.Path }

// Up tells whether the socket is there, also where another program removed its
// file. It may be called from anywhere.
func (s *Server) Up() bool {
	l := s.at.Load()
	return l != nil && l.there()
}

// Run answers until ctx ends, then removes the socket and returns nil. A socket
// that cannot be made is told and tried again: mail is guarded without it too. Run
// calls tried after each attempt to make it.
func (s *Server) Run(ctx context.Context, tried func()) error {
	for {
		l, err := listen(ctx, s.cfg.Path)
		if err == nil {
			s.at.Store(l)
			s.cfg.Listening(nil)
			tried()
			s.serve(ctx, l)
			s.at.Store(nil)
			return nil
		}
		if ctx.Err() == nil {
			s.cfg.Listening(err)
			tried()
		}
		if !pause(ctx, listenRetry) {
			return nil
		}
	}
}

// serve takes connections of l until ctx ends.
func (s *Server) serve(ctx context.Context, l net.Listener) {
	var talks sync.WaitGroup
	defer talks.Wait()
	clients := newCrowd(maxConns)
	defer clients.disperse()
	ended := make(chan struct{})
	defer func() { <-ended }()
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = l.Close() // ends an Accept that waits
	})
	defer cancel()
	for clients.room(ctx) {
		conn, err := l.Accept()
		switch {
		case err == nil:
			c := clients.join(conn)
			talks.Go(func() { s.talk(ctx, clients, c) })
		case errors.Is(err, net.ErrClosed) || !pause(ctx, acceptRetry):
			return
		}
	}
}

// talk answers the questions of one connection.
func (s *Server) talk(ctx context.Context, clients *crowd, c *client) {
	defer clients.leave(c)
	r := bufio.NewReaderSize(c.conn, bufferSize)
	for {
		// What fails here fails in the read or write that follows.
		_ = c.conn.SetReadDeadline(time.Now().Add(slowest))
		if _, err := r.Peek(1); err != nil {
			return // it asks nothing more, or never has
		}
		answer, goOn := s.exchange(ctx, r)
		_ = c.conn.SetWriteDeadline(time.Now().Add(slowest))
		if _, err := c.conn.Write(answer); err != nil || !goOn {
			return
		}
		_ = c.conn.SetReadDeadline(time.Now().Add(longestRest))
		clients.rest(c)
		if _, err := r.Peek(1); err != nil || !clients.wake(c) {
			return
		}
	}
}

// exchange reads one question and returns the answer. It tells whether another
// question can be read after it.
func (s *Server) exchange(ctx context.Context, r *bufio.Reader) (answer []byte, goOn bool) {
	q, err := s.cfg.Protocol.read(r)
	var action string
	var result Result
	switch {
	case err == nil:
		action, result = s.judge(ctx, &q)
	case errors.Is(err, os.ErrDeadlineExceeded):
		result = Slow
	case errors.Is(err, errMalformed) || errors.Is(err, io.ErrUnexpectedEOF):
		result = Malformed
	default:
		return nil, false // the connection is gone
	}
	s.counts.of(result).Add(1)
	return s.cfg.Protocol.answer(action), err == nil || errors.Is(err, errMalformed) && !errors.Is(err, errBeyond)
}

// judge returns how the client is turned away; empty where it is not. Who is at
// the soft step and has logged in now knows his password: others behind his
// address may not.
func (s *Server) judge(ctx context.Context, q *question) (action string, result Result) {
	if !q.addr.IsValid() {
		return "", Passed
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	st, err := s.cfg.Standing(ctx, q.addr)
	switch {
	case err != nil:
		return "", Late
	case st.Step == "" || st.Refusal != "" || st.Step == policy.StepSoft && q.loggedIn:
		return "", Passed
	}
	return s.cfg.reply(q.addr, &st, time.Now()), TurnedAway
}

// pause waits for d, and is false where ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
