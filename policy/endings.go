package policy

import (
	"net/netip"

	"github.com/gaissmai/bart"
)

// endings are prefixes for which something holds until an end.
type endings struct {
	ends  bart.Table[second]
	limit int // the number at which those that are over are looked for
}

// leastLimit is how many prefixes there are before the first search.
const leastLimit = 1024

// put says that it holds for p until ends. It drops what is over at now when
// the number of prefixes has doubled.
func (x *endings) put(p netip.Prefix, ends, now second) {
	x.ends.Insert(p, ends)
	if x.ends.Size() < max(x.limit, leastLimit) {
		return
	}
	var over []netip.Prefix
	for p, ends := range x.ends.All() {
		if ends <= now {
			over = append(over, p)
		}
	}
	for _, p := range over {
		x.ends.Delete(p)
	}
	x.limit = 2 * x.ends.Size()
}

// cover tells whether it holds for a or a prefix around it at at.
func (x *endings) cover(a netip.Addr, at second) bool {
	if x.ends.Size() == 0 {
		return false
	}
	for _, ends := range x.ends.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		if ends > at {
			return true
		}
	}
	return false
}
