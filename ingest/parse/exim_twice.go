package parse

import (
	"encoding/binary"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// Exim sends what belongs in both its main log and its reject log to syslog
// twice, without any difference in the text: that is syslog_duplication, which
// is on by default (Exim src/log.c). Failed logins and most abuse are such
// messages, and the two come one after the other from one process. So of equal
// messages in a row each second one tells nothing new.
//
// Where the administrator turned syslog_duplication off, that makes one failure
// of two which are equal in everything and of one connection. Nobody can tell
// the two cases apart, and a ban that is due a little later is the better error.

// toldTwice is the bit of a Session that marks Exim's messages in syslog. In
// Exim's own log each stands once.
const toldTwice = 1

// eximSession names the connection of an Exim process.
func eximSession(pid []byte, syslog bool) uint64 {
	s := hash([]byte("exim"), pid) | toldTwice
	if !syslog {
		s ^= toldTwice
	}
	return s
}

// onlyTwin takes off what an event repeats of the message before it, and tells
// whether nothing is left. A connection's slot holds the hash of its last
// message as long as that is without its twin.
func (s *Sessions) onlyTwin(ev *policy.Event) bool {
	if ev.Service != policy.Exim || ev.Session&toldTwice == 0 || ev.Kind == policy.AuthOK {
		return false
	}
	addr := ev.Addr.As16()
	text := hash(addr[:], []byte{byte(ev.Kind)}, ev.User, ev.Mechanism, ev.Detail)
	alone := 0
	if c := s.find(ev.Session); c != nil && s.begun-c.begun <= maxBetween && binary.LittleEndian.Uint64(c.addr[:]) == text {
		alone = 1
	}
	// The message may stand for several equal ones, as rsyslog sums them up.
	lines := max(ev.Failures+ev.Excused, 1)
	s.keepTwin(ev.Session, text, (alone+lines)%2 == 1)
	attempts := (alone+lines+1)/2 - alone
	if ev.Failures > 0 {
		ev.Failures = attempts
	}
	if ev.Excused > 0 {
		ev.Excused = attempts
	}
	if attempts == 0 {
		ev.Service = 0 // there is no event, and nothing went unread
	}
	return attempts == 0
}

// maxBetween is how many messages of other processes may come between a message
// and its twin, which are written at the same instant.
const maxBetween = 32

// keepTwin notes whether a connection's last message still is to be repeated.
func (s *Sessions) keepTwin(session, text uint64, alone bool) {
	if !alone {
		text = 0
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], text)
	s.begin(session, netip.AddrFrom16(b))
}
