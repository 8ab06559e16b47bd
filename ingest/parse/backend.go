package parse

import (
	"encoding/binary"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// What a Postfix process said last of its backend, kept where other servers'
// connections have their client.
const (
	// isAway: that it cannot be reached.
	isAway = iota + 1
	// isAwayPerhaps: the same in the words of Cyrus SASL, which may have a
	// second place to look a password up.
	isAwayPerhaps
	// wasLost: that it was lost in this connection.
	wasLost
)

// backend settles what a line of Postfix says of its backend, and tells whether
// it is an event.
//
// A warning of a backend that cannot be reached comes just before the login that
// failed of it, in one process. No password was judged then, and the client had no
// part in it, whatever that says: the reason and the user may be those of the login
// before.
//
// A connection to Dovecot is lost once in a client's connection. Before 3.5.25,
// 3.6.15, 3.7.11 and 3.8.6 smtpd repeats these words for later logins that Dovecot
// judged (xsasl_dovecot_server.c did not clear the reason), so from the second on
// they count.
func (s *Sessions) backend(ev *policy.Event) bool {
	if !ev.Addr.IsValid() {
		what := uint64(isAway)
		if ev.Unproven {
			what = isAwayPerhaps
		}
		s.say(ev.Session, what)
		ev.Service = 0
		return false
	}
	said := s.said(ev.Session)
	switch ev.Kind {
	case policy.AuthFail, policy.BackendFault:
		s.settle(ev, said)
	case policy.Session:
		if said != 0 {
			s.say(ev.Session, 0)
		}
	case policy.AuthOK, policy.Abuse:
	}
	return true
}

// settle decides what a login that failed was.
func (s *Sessions) settle(ev *policy.Event, said uint64) {
	lost := ev.Unproven && string(ev.Detail) == connectionLost
	switch {
	case said == isAway, said == isAwayPerhaps && ev.Unproven:
		s.say(ev.Session, 0)
		ev.Kind, ev.Unproven = policy.BackendFault, false
		ev.Failures, ev.Excused = 0, ev.Failures+ev.Excused
	case lost && said == wasLost:
		ev.Kind, ev.Unproven = policy.AuthFail, false
		ev.Failures, ev.Excused = ev.Excused, 0
	case lost:
		s.say(ev.Session, wasLost)
	}
}

// said is what the process of a session said last of its backend, 0 for nothing.
func (s *Sessions) said(session uint64) uint64 {
	if c := s.find(session); c != nil {
		return binary.LittleEndian.Uint64(c.addr[:])
	}
	return 0
}

func (s *Sessions) say(session, what uint64) {
	if what == 0 {
		s.note(&policy.Event{Session: session})
		return
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], what)
	s.begin(session, netip.AddrFrom16(b))
}
