package authpolicy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/policy"
)

// Config says how a Server listens and who takes what it hears.
type Config struct {
	// Listen is the address and port, 127.0.0.1:9726. Requests and answers
	// are not encrypted, so that another address than one of loopback is good
	// only in a net that nobody else can read.
	Listen string
	// Key is the secret that Dovecot sends, at least MinKey characters.
	// Without one any user of the machine could report failures of any
	// address, and have it banned.
	Key string
	// Refuse tells whether an address is banned. It is asked from many
	// goroutines; an answer that takes longer than ctx is not waited for, and
	// the login goes on.
	Refuse func(ctx context.Context, addr netip.Addr) bool
	// Report takes a login that Dovecot has judged, from the goroutine of Run.
	// It may block until ctx ends: Dovecot never waits for it, and what finds
	// no room is dropped.
	Report func(ctx context.Context, ev *policy.Event)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger takes what an operator should know; nil discards it.
	Logger *slog.Logger
}

// MinKey is how long a key must be at least.
const MinKey = 16

const (
	// maxBody bounds a request; Dovecot's have a few hundred bytes.
	maxBody = 64 << 10
	// maxConns bounds the connections at once, and with them the memory.
	// Dovecot opens up to 100; what is beyond waits in the kernel.
	maxConns = 512
	// slowest is how long a request may take to arrive.
	slowest = 2 * time.Second
	// waiting bounds the reports that Report has not taken yet.
	waiting = 1 << 14
)

// Server answers Dovecot. It is used once.
type Server struct {
	cfg     Config
	addr    netip.AddrPort
	key     [sha256.Size]byte
	ready   chan struct{}
	reports chan policy.Event
	// asking has a value for each call of Refuse under way.
	asking chan struct{}
	bound  net.Addr
	conns  *limited
	stats  counters
	// stranger and odd see to it that each is told once.
	stranger, odd sync.Once
}

// counters are the live form of ingest.Stats.
type counters struct {
	requests, bytes, refused, dropped, errors atomic.Uint64
	last/* Unix nanoseconds */ atomic.Int64
}

// New returns a Server that Run sets going. An error says what is wrong with
// the configuration.
func New(cfg Config) (*Server, error) {
	addr, err := netip.ParseAddrPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("auth policy listener: %w", err)
	}
	if len(cfg.Key) < MinKey {
		return nil, fmt.Errorf("auth policy key: it has %d characters, and %d are needed", len(cfg.Key), MinKey)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{
		cfg: cfg, addr: addr, key: sha256.Sum256([]byte(cfg.Key)),
		ready:   make(chan struct{}),
		reports: make(chan policy.Event, waiting),
		asking:  make(chan struct{}, maxConns),
	}, nil
}

// Source is the name of the source.
const Source = "auth policy"

// String names the source.
func (s *Server) String() string { return Source }

// Ready is closed when requests are answered.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Stats returns what was counted so far: Lines and Bytes are all requests,
// Refused those without the key or that are none of the protocol, Dropped the
// reports that found no room, Errors the questions that Refuse did not answer
// in time. It may be called from anywhere.
func (s *Server) Stats() ingest.Stats {
	st := ingest.Stats{
		Lines: s.stats.requests.Load(), Bytes: s.stats.bytes.Load(), Refused: s.stats.refused.Load(),
		Dropped: s.stats.dropped.Load(), Errors: s.stats.errors.Load(),
	}
	if ns := s.stats.last.Load(); ns != 0 {
		st.LastLine = time.Unix(0, ns)
	}
	return st
}

// Run answers until ctx ends, then returns nil. An address that cannot be
// listened on is an error.
func (s *Server) Run(ctx context.Context) error {
	var options net.ListenConfig
	l, err := options.Listen(ctx, "tcp", s.addr.String())
	if err != nil {
		return fmt.Errorf("listen for Dovecot's policy requests: %w", err)
	}
	s.bound, s.conns = l.Addr(), limit(l, maxConns)
	if !s.addr.Addr().IsLoopback() {
		s.cfg.Logger.Warn("policy requests and their key pass over the network without encryption", "listen", s.bound.String())
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: slowest, ReadTimeout: slowest, WriteTimeout: 2 * slowest,
		// Dovecot closes an idle connection itself after 10 s.
		IdleTimeout:    15 * time.Second,
		MaxHeaderBytes: 8 << 10,
		ErrorLog:       slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.conns) }()
	close(s.ready)
	if err := s.forward(ctx, failed); err != nil {
		_ = server.Close() // why it failed is told
		return fmt.Errorf("answer Dovecot's policy requests: %w", err)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), slowest)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		_ = server.Close() // a client that is so slow gets no answer
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("answer Dovecot's policy requests: %w", err)
	}
	return nil
}

// forward hands reports on until ctx ends or the server fails.
func (s *Server) forward(ctx context.Context, failed <-chan error) error {
	for {
		select {
		case ev := <-s.reports:
			s.cfg.Report(ctx, &ev)
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
