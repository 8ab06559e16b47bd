package parse

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// numbered returns a connection's hash and address.
func numbered(n int) (session uint64, a netip.Addr) {
	var b [16]byte
	copy(b[:], []byte{0x20, 0x01, 0x0d, 0xb8})
	binary.BigEndian.PutUint64(b[8:], uint64(n))
	return hash(b[8:]), netip.AddrFrom16(b)
}

func begin(s *Sessions, n int) {
	session, a := numbered(n)
	s.Resolve(&policy.Event{Session: session, Addr: a})
}

// known tells whether s names the client of connection n, and checks it.
func known(t *testing.T, s *Sessions, n int) bool {
	t.Helper()
	session, a := numbered(n)
	ev := policy.Event{Kind: policy.AuthFail, Session: session}
	if !s.Resolve(&ev) {
		return false
	}
	if ev.Addr != a {
		t.Errorf("connection %d is from %s, want %s", n, ev.Addr, a)
	}
	return true
}

func TestSessionsKeepTheNewest(t *testing.T) {
	const all, open = 1_000_000, 8192
	var s Sessions
	for n := range all {
		begin(&s, n)
	}
	for n := all - open; n < all; n++ {
		if !known(t, &s, n) {
			t.Errorf("connection %d is forgotten", n)
		}
	}
	kept := 0
	for n := range all {
		if known(t, &s, n) {
			kept++
		}
	}
	if size := groupSize << groupsShift; kept != size {
		t.Errorf("%d connections are known, want %d", kept, size)
	}
}

func TestSessionsForgetTheEnded(t *testing.T) {
	var s Sessions
	session, _ := numbered(1)
	begin(&s, 1)
	if !known(t, &s, 1) || known(t, &s, 2) {
		t.Error("a connection that began is not known, or one that did not is")
	}
	s.Resolve(&policy.Event{Session: session})
	if known(t, &s, 1) {
		t.Error("a connection that ended is known")
	}
}

func TestSessionsTakeTheLastClientOfANumber(t *testing.T) {
	var s Sessions
	session, a := numbered(1)
	s.Resolve(&policy.Event{Session: session, Addr: client1})
	begin(&s, 1)
	ev := policy.Event{Kind: policy.Abuse, Session: session}
	if !s.Resolve(&ev) || ev.Addr != a {
		t.Errorf("client %s, want %s", ev.Addr, a)
	}
}

func TestSessionsLeaveWholeEvents(t *testing.T) {
	var s Sessions
	session, _ := numbered(1)
	begin(&s, 1)
	ev := policy.Event{Kind: policy.AuthFail, Session: session, Addr: client1}
	if !s.Resolve(&ev) || ev.Addr != client1 {
		t.Errorf("client %s, want %s", ev.Addr, client1)
	}
	if s.Resolve(&policy.Event{Addr: client1}) || s.Resolve(&policy.Event{Kind: policy.AuthFail}) {
		t.Error("half an event without a session is an event")
	}
}

// Between IPv4 and the form that the table holds nothing is lost.
func TestSessionsGiveIPv4Back(t *testing.T) {
	var s Sessions
	s.Resolve(&policy.Event{Session: 7, Addr: client1})
	ev := policy.Event{Kind: policy.AuthFail, Session: 7}
	if !s.Resolve(&ev) || ev.Addr != client1 {
		t.Errorf("client %v, want %v", ev.Addr, client1)
	}
}

func TestSessionsAllocateOnce(t *testing.T) {
	var s Sessions
	begin(&s, 0)
	n := 0
	if allocs := testing.AllocsPerRun(100_000, func() {
		n++
		begin(&s, n)
		known(t, &s, n/2)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkSessions(b *testing.B) {
	var s Sessions
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		begin(&s, n)
	}
}
