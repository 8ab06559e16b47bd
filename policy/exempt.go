package policy

import (
	"net/netip"

	"github.com/gaissmai/bart"
)

// Exemption is a prefix that is never banned, and why.
type Exemption struct {
	Prefix  netip.Prefix
	Refusal Refusal
}

// always is exempt without being listed. A ban of the unspecified address or
// of multicast could only harm, since no client has one.
var always = []Exemption{
	{netip.MustParsePrefix("127.0.0.0/8"), RefusedLoopback},
	{netip.MustParsePrefix("::1/128"), RefusedLoopback},
	{netip.MustParsePrefix("169.254.0.0/16"), RefusedLinkLocal},
	{netip.MustParsePrefix("fe80::/10"), RefusedLinkLocal},
	{netip.MustParsePrefix("0.0.0.0/32"), RefusedNeverBan},
	{netip.MustParsePrefix("::/128"), RefusedNeverBan},
	{netip.MustParsePrefix("224.0.0.0/4"), RefusedNeverBan},
	{netip.MustParsePrefix("ff00::/8"), RefusedNeverBan},
}

// SetExempt replaces the table of prefixes that are never banned. Loopback,
// link-local, unspecified and multicast addresses are exempt anyway. Invalid
// prefixes are left out; an empty Refusal is RefusedNeverBan.
func (e *Engine) SetExempt(list []Exemption) {
	t := &bart.Table[Refusal]{}
	for _, x := range list {
		if x.Refusal == "" {
			x.Refusal = RefusedNeverBan
		}
		t.Insert(plainPrefix(x.Prefix), x.Refusal)
	}
	for _, x := range always {
		t.Insert(x.Prefix, x.Refusal)
	}
	e.exempt = t
}

// Exempt tells whether a is never banned, and why. A pardon is none.
func (e *Engine) Exempt(a netip.Addr) (Refusal, bool) {
	a = plainAddr(a)
	if !a.IsValid() {
		return "", false
	}
	return e.exempt.Lookup(a)
}

// spared tells whether a, which is plain, is not banned at at, and why.
func (e *Engine) spared(a netip.Addr, at second) (Refusal, bool) {
	if why, yes := e.exempt.Lookup(a); yes {
		return why, true
	}
	if e.pardoned(a, at) {
		return RefusedPardon, true
	}
	return "", false
}

// ExemptPrefix tells whether all of p lies inside one exemption, and why.
func (e *Engine) ExemptPrefix(p netip.Prefix) (Refusal, bool) {
	return e.exempt.LookupPrefix(plainPrefix(p))
}
