package exempt

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/nft"
)

// list is a Peers that says who is connected.
type list []nft.Peer

func (l list) Connected() ([]nft.Peer, error) { return l, nil }

type broken struct{}

func (broken) Connected() ([]nft.Peer, error) { return nil, errors.New("no answer") }

func wantSpared(t *testing.T, s *sessions, when string, want ...string) {
	t.Helper()
	var addrs []netip.Addr
	for _, text := range want {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	opt := cmpopts.EquateComparable(netip.Addr{})
	if diff := cmp.Diff(addrs, s.spared(), opt, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: spared (-want +got):\n%s", when, diff)
	}
}

// TestSessions: an administrator stays exempt for an hour after he left, a
// stranger who only knocks at the port for as long as a login can take.
func TestSessions(t *testing.T) {
	t.Parallel()
	admin, stranger := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var s sessions
	look := func(after time.Duration, who ...nft.Peer) {
		t.Helper()
		if err := s.look(list(who), start.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	look(0, nft.Peer{Addr: admin, Connection: 1}, nft.Peer{Addr: stranger, Connection: 2})
	wantSpared(t, &s, "at once", "192.0.2.1", "198.51.100.1")
	// The stranger comes again and again, each time with a new connection.
	for n := range 4 {
		look(time.Duration(n+1)*time.Minute, nft.Peer{Addr: admin, Connection: 1}, nft.Peer{Addr: stranger, Connection: uint64(10 + n)})
	}
	if err := s.look(broken{}, start.Add(5*time.Minute)); err == nil {
		t.Error("an error is lost")
	}
	wantSpared(t, &s, "without an answer", "192.0.2.1")
	look(5 * time.Minute)
	wantSpared(t, &s, "when both have left", "192.0.2.1")
	look(4*time.Minute + afterwards - time.Second)
	wantSpared(t, &s, "an hour later", "192.0.2.1")
	look(4*time.Minute + afterwards)
	wantSpared(t, &s, "afterwards")
}

// TestStrangers: whoever connects anew all the time is spared once a day, for as
// long as a login can take, whichever address of his /64 he takes.
func TestStrangers(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, of := range []struct{ first, second, neighbour string }{
		{"198.51.100.1", "198.51.100.1", "198.51.100.2"},
		{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"},
	} {
		var s sessions
		connection := uint64(0)
		at := func(after time.Duration, addr string) bool {
			t.Helper()
			connection++
			if err := s.look(list{{Addr: netip.MustParseAddr(addr), Connection: connection}}, start.Add(after)); err != nil {
				t.Fatal(err)
			}
			return len(s.spared()) == 1
		}
		for _, step := range []struct {
			after time.Duration
			addr  string
			want  bool
		}{
			{0, of.first, true},
			{loggedIn - time.Second, of.second, true},
			{loggedIn, of.first, false},
			{loggedIn, of.neighbour, true},
			{strange - time.Second, of.second, false},
			{strange, of.second, true},
		} {
			if got := at(step.after, step.addr); got != step.want {
				t.Errorf("%s after %s: spared %t, want %t", step.addr, step.after, got, step.want)
			}
		}
	}
}

// TestAStrangerLogsIn: a connection that lasts spares even who was here before, and
// then he is no stranger.
func TestAStrangerLogsIn(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("198.51.100.1")
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var s sessions
	_ = s.look(list{{Addr: addr, Connection: 1}}, start)
	_ = s.look(list{{Addr: addr, Connection: 2}}, start.Add(time.Hour))
	wantSpared(t, &s, "the second time")
	_ = s.look(list{{Addr: addr, Connection: 2}}, start.Add(time.Hour+loggedIn))
	wantSpared(t, &s, "after the login", "198.51.100.1")
	_ = s.look(list{{Addr: addr, Connection: 3}}, start.Add(time.Hour+loggedIn+afterwards))
	wantSpared(t, &s, "when he comes again", "198.51.100.1")
}

// TestStrangersAreBounded: where too many are remembered, others have to log in.
func TestStrangersAreBounded(t *testing.T) {
	t.Parallel()
	var flood list
	for n := range uint64(maxStrangers) {
		flood = append(flood, nft.Peer{Addr: netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), Connection: n})
	}
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var s sessions
	_ = s.look(flood, start)
	later := list{{Addr: netip.MustParseAddr("198.51.100.1"), Connection: maxStrangers}}
	_ = s.look(later, start.Add(time.Minute))
	wantSpared(t, &s, "in the flood")
	_ = s.look(later, start.Add(time.Minute+loggedIn))
	wantSpared(t, &s, "after the login", "198.51.100.1")
}

// TestSessionsAreBounded: the oldest connections count.
func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	admin := nft.Peer{Addr: netip.MustParseAddr("203.0.113.1"), Connection: 1}
	flood := list{admin}
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var s sessions
	_ = s.look(flood, start)
	for n := range uint64(3 * maxSessions) {
		flood = append(flood, nft.Peer{Addr: netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), Connection: 2 + n})
	}
	_ = s.look(flood, start.Add(time.Second))
	got := s.spared()
	if len(got) != maxSessions || got[len(got)-1] != admin.Addr {
		t.Errorf("%d spared, the last %v", len(got), got[len(got)-1])
	}
}
