package exempt

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
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
	// strange is how long a stranger is remembered. In that time connections that
	// may still be before the login spare him once, for as long as a login can
	// take: else he would be spared for good who connects every two minutes.
	strange = 24 * time.Hour
	// maxSessions bounds the list. The oldest connections count: an attacker's
	// do not last.
	maxSessions = 1024
	// maxStrangers bounds how many are remembered; further ones are not spared
	// until they have logged in.
	maxStrangers = 1 << 16
)

// sessions are the connections to the SSH port.
type sessions struct {
	mu        sync.Mutex
	open      map[uint64]session         // by nft.Peer.Connection
	until     map[netip.Addr]time.Time   // ends of what stays after a session
	strangers map[netip.Prefix]time.Time // when each was first seen; who has logged in is none
}

type session struct {
	addr   netip.Addr
	since  time.Time // when it was first seen
	spares bool
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
		s.until, s.strangers = map[netip.Addr]time.Time{}, map[netip.Prefix]time.Time{}
	}
	maps.DeleteFunc(s.strangers, func(_ netip.Prefix, met time.Time) bool { return now.Sub(met) >= strange })
	open := make(map[uint64]session, len(connected))
	for _, p := range connected {
		x, known := s.open[p.Connection]
		if !known {
			x = session{addr: p.Addr, since: now}
		}
		if now.Sub(x.since) >= loggedIn {
			x.spares = true
			s.until[p.Addr] = now.Add(afterwards)
			delete(s.strangers, policy.HostOf(p.Addr))
		} else {
			x.spares = s.mayLogIn(p.Addr, now)
		}
		open[p.Connection] = x
	}
	s.open = open
	maps.DeleteFunc(s.until, func(_ netip.Addr, t time.Time) bool { return !t.After(now) })
	return nil
}

// mayLogIn tells whether a connection that has not lasted yet spares addr.
func (s *sessions) mayLogIn(addr netip.Addr, now time.Time) bool {
	who := policy.HostOf(addr)
	met, known := s.strangers[who]
	if !known && len(s.strangers) < maxStrangers {
		met, known = now, true
		s.strangers[who] = met
	}
	return known && now.Sub(met) < loggedIn
}

// spared returns the addresses of those who are connected and may have logged in,
// or were logged in lately, in order.
func (s *sessions) spared() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Collect(maps.Keys(s.until))
	open := slices.SortedFunc(maps.Values(s.open), func(a, b session) int { return a.since.Compare(b.since) })
	for _, x := range open {
		if x.spares {
			out = append(out, x.addr)
		}
	}
	out = out[:min(len(out), maxSessions)]
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}
