package exempt

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// Peers is what is needed of nft.Peers.
type Peers interface {
	Connected() ([]nft.Peer, error)
}

const (
	// afterwards is how long an address stays exempt after its session ended:
	// whoever administrates comes again.
	afterwards = time.Hour
	// loggedIn is how long a connection must have lasted for that. Anybody can
	// connect, but sshd ends connections that have not logged in after
	// LoginGraceTime, 2 minutes by default (sshd_config(5)).
	loggedIn = 2*time.Minute + 10*time.Second
	// maxSessions bounds the list. The oldest connections count: an attacker's
	// do not last.
	maxSessions = 1024
)

// sessions are the connections to the SSH port.
type sessions struct {
	mu    sync.Mutex
	open  map[uint64]session       // by nft.Peer.Connection
	until map[netip.Addr]time.Time // ends of what stays after a session
}

type session struct {
	addr  netip.Addr
	since time.Time // when it was first seen
}

// look looks who is connected at now.
func (s *sessions) look(peers Peers, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	connected, err := peers.Connected()
	if err != nil {
		return err
	}
	if s.until == nil {
		s.until = map[netip.Addr]time.Time{}
	}
	open := make(map[uint64]session, len(connected))
	for _, p := range connected {
		x, known := s.open[p.Connection]
		if !known {
			x = session{p.Addr, now}
		}
		open[p.Connection] = x
		if now.Sub(x.since) >= loggedIn {
			s.until[p.Addr] = now.Add(afterwards)
		}
	}
	s.open = open
	maps.DeleteFunc(s.until, func(_ netip.Addr, t time.Time) bool { return !t.After(now) })
	return nil
}

// spared returns the addresses of those who are connected, or were logged in
// lately, in order.
func (s *sessions) spared() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Collect(maps.Keys(s.until))
	open := slices.SortedFunc(maps.Values(s.open), func(a, b session) int { return a.since.Compare(b.since) })
	for _, x := range open {
		out = append(out, x.addr)
	}
	out = out[:min(len(out), maxSessions)]
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}
