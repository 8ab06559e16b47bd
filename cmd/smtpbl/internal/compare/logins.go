package compare

import (
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// logins are the logins that worked, by the address or, of IPv6, its /64: what
// a policy counts and bans.
type logins map[netip.Prefix]*login

// login is what is kept of those of one address.
type login struct {
	users []string // some, each once
	// told are the lines that name a login, summed what the summaries of
	// connections count. Both may tell of the same.
	told, summed int
	first, last  time.Time
	// within is the first success that each policy would have kept out.
	within [both]time.Time
}

const (
	// mostUsers is how many names are kept of one address, and longestUser how
	// many bytes of one.
	mostUsers   = 5
	longestUser = 128
)

func (l logins) add(ev *policy.Event, by *[both]bans) {
	p, ok := unit(ev.Addr)
	if !ok {
		return
	}
	x := l[p]
	if x == nil {
		x = &login{first: ev.Time, last: ev.Time}
		l[p] = x
	}
	if ev.Kind == policy.AuthOK {
		x.told++
	} else {
		x.summed += ev.Successes
	}
	if ev.Time.Before(x.first) {
		x.first = ev.Time
	}
	if ev.Time.After(x.last) {
		x.last = ev.Time
	}
	x.name(ev.User)
	for i := range by {
		if x.within[i].IsZero() && by[i].holds(p, ev.Time) {
			x.within[i] = ev.Time
		}
	}
}

// name notes a user.
func (x *login) name(user []byte) {
	user = user[:min(len(user), longestUser)]
	if len(user) == 0 || len(x.users) == mostUsers ||
		slices.ContainsFunc(x.users, func(known string) bool { return known == string(user) }) {
		return
	}
	x.users = append(x.users, string(user))
}

// unit is what a policy counts an address as.
func unit(a netip.Addr) (netip.Prefix, bool) {
	const width4, width6 = 32, 64
	bits := width6
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = width4
	}
	p, err := a.Prefix(bits)
	return p, err == nil && p.IsValid()
}

// When says how a login lies to a ban.
type When string

// Within is a real user who would have been kept out.
const (
	Within When = "within"
	Before When = "before" // all logins were before the first ban
	After  When = "after"  // none within a ban, some after it
)

// meets tells when the login was, and the success that it was told by.
func (x *login) meets(p int, s *sentence) (When, time.Time) {
	switch {
	case !x.within[p].IsZero():
		return Within, x.within[p]
	case x.last.After(s.first.At):
		return After, x.last
	}
	return Before, x.last
}
