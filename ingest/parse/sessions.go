package parse

import (
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// Sessions remembers the clients of connections whose servers name them only
// at the start. Lines must be resolved in the order they were written. It is
// bounded, and not safe for concurrent use.
//
// Line and Message make of a connection's start an event with Kind 0, its
// Session and its Addr, of its end one with Kind 0 and its Session alone, and
// of a line between an event with its Kind and Session but no valid Addr. Of a
// Postfix process that has lost its backend they make such a BackendFault: then
// the login that this process tells next failed of it.
//
// There is room for 65,536 connections, in 2 MiB that are taken when the first
// is seen. It is divided in groups of 16 by the connections' hashes; in a full
// group the one that began first goes.
type Sessions struct {
	slots []connection
	begun uint32 // connections so far, to tell which one is older
}

// connection holds no pointer, so that the garbage collector never looks here.
type connection struct {
	session uint64 // 0 in a free slot
	addr    [16]byte
	begun   uint32
}

const (
	groupSize   = 16
	groupsShift = 12 // bits of a hash that choose the group
)

// Resolve completes ev, and tells whether it is an event now. An event that
// names its client itself stays as it is, unless Exim told it twice. Of what is
// none, ev.Service says the same as a Reader's.
func (s *Sessions) Resolve(ev *policy.Event) bool {
	switch {
	case ev.Service == policy.Postfix:
		return s.backend(ev)
	case ev.Kind == 0:
		s.note(ev)
		ev.Service = 0
	case !ev.Addr.IsValid():
		if c := s.find(ev.Session); c != nil {
			ev.Addr = netip.AddrFrom16(c.addr).Unmap()
		}
	}
	return ev.Kind != 0 && ev.Addr.IsValid() && !s.onlyTwin(ev)
}

// note remembers a connection that begins, and forgets one that ends.
func (s *Sessions) note(ev *policy.Event) {
	if ev.Addr.IsValid() {
		s.begin(ev.Session, ev.Addr)
	} else if c := s.find(ev.Session); c != nil {
		*c = connection{}
	}
}

// group returns the slots where session can be.
func (s *Sessions) group(session uint64) []connection {
	if s.slots == nil {
		return nil
	}
	at := session >> (64 - groupsShift) * groupSize
	return s.slots[at : at+groupSize]
}

func (s *Sessions) find(session uint64) *connection {
	if session == 0 {
		return nil
	}
	g := s.group(session)
	for i := range g {
		if g[i].session == session {
			return &g[i]
		}
	}
	return nil
}

// begin notes a connection, in place of one with the same number, in a free
// slot, or in place of the oldest.
func (s *Sessions) begin(session uint64, a netip.Addr) {
	if session == 0 {
		return
	}
	if s.slots == nil {
		s.slots = make([]connection, groupSize<<groupsShift)
	}
	c := s.find(session)
	if c == nil {
		c = s.oldest(session)
	}
	s.begun++
	*c = connection{session: session, addr: a.As16(), begun: s.begun}
}

// oldest returns a free slot of the session's group, else the oldest one. The
// difference is right even when the count has run over.
func (s *Sessions) oldest(session uint64) *connection {
	g := s.group(session)
	found := &g[0]
	for i := range g {
		if g[i].session == 0 {
			return &g[i]
		}
		if s.begun-g[i].begun > s.begun-found.begun {
			found = &g[i]
		}
	}
	return found
}
