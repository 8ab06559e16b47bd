package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// SyslogConfig says where a Syslog listens.
type SyslogConfig struct {
	// Listen are the sockets: "unix:/path" for datagrams, "udp:ADDRESS:PORT"
	// and "tcp:ADDRESS:PORT". A unix socket may be written to by root alone.
	// Whoever reaches an address that is not of this machine's loopback can
	// forge log lines.
	Listen []string
	// Stamp reads the stamps of messages; parse.Stamp does. Without it lines
	// have none.
	Stamp StampFunc
	// Location is the zone of stamps without one; nil is the machine's.
	Location *time.Location
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger takes what an operator should know; nil discards it.
	Logger *slog.Logger
}

// Syslog is a source that syslog daemons forward to. On the machine itself it
// believes root and system users only, as the kernel names them: for a
// datagram on a unix socket by its credentials, for loopback by the owner of
// the socket at the other end. It is used once.
type Syslog struct {
	cfg   SyslogConfig
	stats counters
	ready chan struct{}
	inbox *inbox
	// open are the sockets that could be opened at once; tests ask them for
	// their ports.
	open []socket
	// retry is the time between two attempts to open a socket.
	retry time.Duration
	// forged and cutName see to it that each is told once.
	forged, cutName sync.Once
}

// SyslogSource is Position.Source of the syslog sockets. There is no place to
// go on from in a socket, so that its positions hold nothing else.
const SyslogSource = "syslog"

// listenRetry is how often a socket that cannot be opened is tried again.
const listenRetry = 30 * time.Second

// NewSyslog returns a source that Run sets going.
func NewSyslog(cfg SyslogConfig) *Syslog {
	if cfg.Location == nil {
		cfg.Location = time.Local
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Syslog{cfg: cfg, ready: make(chan struct{}), inbox: newInbox(), retry: listenRetry}
}

// String names the source.
func (s *Syslog) String() string { return SyslogSource }

// Ready is closed when all sockets are open that can be.
func (s *Syslog) Ready() <-chan struct{} { return s.ready }

// Stats returns what was counted so far. It may be called from anywhere.
func (s *Syslog) Stats() Stats { return s.stats.snapshot() }

// socket is one of the places where messages come in.
type socket interface {
	io.Closer
	// serve puts what comes into the inbox until the socket is closed.
	serve(ctx context.Context)
	// place is the address for people, with the port that was chosen for 0.
	place() string
}

// Run hands what comes by the sockets to h until ctx ends, then returns nil. A
// socket that cannot be opened is told, counted as an error and tried again
// now and then, while the others work. Only what can never be opened is an
// error.
func (s *Syslog) Run(ctx context.Context, h Handler) error {
	places := make([]listener, len(s.cfg.Listen))
	for i, text := range s.cfg.Listen {
		var err error
		if places[i], err = parseListener(text); err != nil {
			return err
		}
	}
	if len(places) == 0 {
		return errors.New("listen for syslog: no socket given")
	}
	ctx, cancel := context.WithCancel(ctx)
	var tended sync.WaitGroup
	defer tended.Wait()
	defer cancel()
	for i, where := range places {
		sock, err := s.tryListen(ctx, where)
		if err != nil {
			s.cfg.Logger.Error("cannot listen for syslog, retrying", "listen", s.cfg.Listen[i], "err", err)
		} else {
			s.open = append(s.open, sock)
		}
		tended.Go(func() { s.tend(ctx, where, sock) })
	}
	close(s.ready)
	s.deliver(ctx, h)
	return nil
}

// tryListen opens a socket and says so.
func (s *Syslog) tryListen(ctx context.Context, where listener) (socket, error) {
	sock, err := s.listen(ctx, where)
	if err != nil {
		s.stats.errors.Add(1)
		return nil, err
	}
	s.announce(where, sock.place())
	return sock, nil
}

// tend reads from a socket until ctx ends, and then closes it. Where there is
// none yet, it tries to open it first.
func (s *Syslog) tend(ctx context.Context, where listener, sock socket) {
	for sock == nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.retry):
		}
		var err error
		if sock, err = s.tryListen(ctx, where); err == nil {
			s.stats.reopens.Add(1)
		}
	}
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = sock.Close() // serve ends by it
	})
	sock.serve(ctx)
	<-closed
}

// announce says what is listened to, and loudly where strangers may write.
func (s *Syslog) announce(where listener, place string) {
	if where.network != "unix" && !where.addr.Addr().IsLoopback() {
		s.cfg.Logger.Warn("whoever reaches this syslog socket can forge log lines and have any address banned: keep it behind a firewall", "listen", place)
		return
	}
	s.cfg.Logger.Info("listening for syslog", "listen", place)
}

// put takes one message in, from any reader. The sender is never held up: when
// the inbox is full, the message is dropped.
func (s *Syslog) put(message []byte) {
	if !s.inbox.put(message, s.cfg.Now()) {
		s.stats.dropped.Add(1)
	}
}

// refuse counts a message of somebody who is not believed.
func (s *Syslog) refuse(place, why string) {
	s.stats.refused.Add(1)
	s.forged.Do(func() {
		s.cfg.Logger.Warn("messages on the syslog socket are refused and counted: only root and system users are believed", "listen", place, "writer", why)
	})
}
