package ingest

import (
	"context"
	"errors"
	"fmt"
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
	// open are the sockets; tests ask them for their ports.
	open []socket
	// forged and cutName see to it that each is told once.
	forged, cutName sync.Once
}

// SyslogSource is Position.Source of the syslog sockets. There is no place to
// go on from in a socket, so that its positions hold nothing else.
const SyslogSource = "syslog"

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
	return &Syslog{cfg: cfg, ready: make(chan struct{}), inbox: newInbox()}
}

// String names the source.
func (s *Syslog) String() string { return SyslogSource }

// Ready is closed when all sockets are open.
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
// socket that cannot be opened is an error.
func (s *Syslog) Run(ctx context.Context, h Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer s.closeAll()
	defer cancel()
	for _, text := range s.cfg.Listen {
		where, err := parseListener(text)
		if err != nil {
			return err
		}
		sock, err := s.listen(ctx, where)
		if err != nil {
			return fmt.Errorf("listen for syslog on %s: %w", text, err)
		}
		s.open = append(s.open, sock)
		s.announce(where, sock.place())
	}
	if len(s.open) == 0 {
		return errors.New("listen for syslog: no socket given")
	}
	close(s.ready)
	for _, sock := range s.open {
		readers.Go(func() { sock.serve(ctx) })
	}
	s.deliver(ctx, h)
	return nil
}

// announce says what is listened to, and loudly where strangers may write.
func (s *Syslog) announce(where listener, place string) {
	if where.network != "unix" && !where.addr.Addr().IsLoopback() {
		s.cfg.Logger.Warn("whoever reaches this syslog socket can forge log lines and have any address banned: keep it behind a firewall", "listen", place)
		return
	}
	s.cfg.Logger.Info("listening for syslog", "listen", place)
}

func (s *Syslog) closeAll() {
	for _, sock := range s.open {
		_ = sock.Close() // its reader ends by it
	}
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
