package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// sentries are patient attackers of one kind, among whom a flood comes: each
// has a net and an account of its own.
type sentries struct {
	About string `json:"about"`
	Count int    `json:"count"`
	// Remembered is how many were banned by the failure that their own count
	// says, or, of those that go on during the flood, at all; Late is how many
	// failures more the others needed, on average, until they were banned.
	Remembered int     `json:"remembered"`
	Late       float64 `json:"late"`

	before int           // failures before the flood
	every  time.Duration // between failures during the flood
	six    bool
	number int // of the kind, which makes its addresses
	made   []int
	banned []bool
}

// sentriesOf are the kinds for a flood of IPv6 /64s or of IPv4 addresses.
func sentriesOf(six bool, each int) []*sentries {
	kinds := []*sentries{
		{About: "1 failure before", before: 1},
		{About: "2 failures before", before: 2},
		{About: "4 failures before", before: 4},
		{About: "one an hour", every: time.Hour},
		{About: "one a minute", every: time.Minute},
	}
	if six { // the threshold is lower
		kinds = append(kinds[:2], kinds[3:]...)
	}
	for i, s := range kinds {
		s.Count, s.six, s.number = each, six, i
		s.made, s.banned = make([]int, each), make([]bool, each)
	}
	return kinds
}

func (s *sentries) addr(i int) netip.Addr {
	n := s.number<<12 + i
	if s.six {
		return addr6(0x2a00_0000_0000_0000 + uint64(n)<<16)
	}
	return addr4(sentryNet + uint32(n)<<8 + 1)
}

// sentryNet begins the nets in which a flood has no address.
const sentryNet = 200 << 24

// fail lets the i-th fail once more.
func (s *sentries) fail(e *policy.Engine, i int, at time.Duration) {
	a := s.addr(i)
	s.made[i]++
	ev := policy.Event{
		Time: start.Add(at), Addr: a, Kind: policy.AuthFail, Witness: policy.WitnessMTA, Service: policy.Postfix,
		Protocol: policy.SMTP, Failures: 1, User: fmt.Appendf(nil, "sentry%d.%d@example.org", s.number, i),
	}
	for _, d := range e.Observe(&ev, nil) {
		s.banned[i] = s.banned[i] || d.Ban() && d.Prefix == hostOf(a)
	}
}

// prepare lets everybody fail as often as they do before the flood.
func (s *sentries) prepare(e *policy.Engine) {
	for i := range s.Count {
		for n := range s.before {
			s.fail(e, i, time.Duration(n)*time.Minute)
		}
	}
}

// goOn lets those fail that do so during the flood and that are due between
// from and to. Who is banned comes no more.
func (s *sentries) goOn(e *policy.Engine, from, to time.Duration) {
	if s.every == 0 || from/s.every == to/s.every {
		return
	}
	for i := range s.Count {
		if !s.banned[i] {
			s.fail(e, i, to)
		}
	}
}

// judge lets those that wait fail until they are banned, and counts.
func (s *sentries) judge(e *policy.Engine, at time.Duration, threshold int) {
	late, forgotten := 0, 0
	for i := range s.Count {
		for s.every == 0 && !s.banned[i] && s.made[i] < 3*threshold {
			s.fail(e, i, at)
		}
		if s.banned[i] && (s.every > 0 || s.made[i] <= threshold) {
			s.Remembered++
			continue
		}
		forgotten++
		late += s.made[i] - threshold
	}
	s.Late = float64(late) / float64(max(forgotten, 1))
}
