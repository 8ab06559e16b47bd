package policy

import (
	"net/netip"
	"time"

	"github.com/gaissmai/bart"
)

// Pardon keeps p unbanned until until: what it earns meanwhile is refused with
// RefusedPardon, and does not count afterwards. A zero until ends a pardon.
func (e *Engine) Pardon(p netip.Prefix, until time.Time) {
	p = plainPrefix(p)
	if !p.IsValid() {
		return
	}
	if until.IsZero() {
		e.pardons.Delete(p)
		return
	}
	e.pardons.Insert(p, e.clock.at(until.Add(time.Second-1)))
}

// pardoned tells whether a or a prefix around it is pardoned at at. What has
// ended is forgotten.
func (e *Engine) pardoned(a netip.Addr, at second) bool { return covers(e.pardons, a, at) }

// covers tells whether a prefix of t around a ends after at.
func covers(t *bart.Table[second], a netip.Addr, at second) bool {
	if t.Size() == 0 {
		return false
	}
	for p := netip.PrefixFrom(a, a.BitLen()); ; {
		around, ends, ok := t.LookupPrefixLPM(p)
		if !ok || ends > at {
			return ok
		}
		t.Delete(around)
	}
}
