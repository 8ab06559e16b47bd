package nft

import (
	"net/netip"
	"slices"
)

// addrRange is all addresses from first to last.
type addrRange struct{ first, last netip.Addr }

// unmap returns a prefix without host bits, and as IPv4 if it came mapped into
// IPv6.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// byFamily turns prefixes into ranges of IPv4 and of IPv6 addresses that are
// sorted and neither overlap nor touch.
func byFamily(prefixes []netip.Prefix) [2][]addrRange {
	var ranges [2][]addrRange
	for _, p := range prefixes {
		r := rangeOf(p)
		i := familyIndex(r.first)
		ranges[i] = append(ranges[i], r)
	}
	return [2][]addrRange{merge(ranges[0]), merge(ranges[1])}
}

// familyIndex is where arrays keep what belongs to the family of an address:
// IPv4 first, then IPv6.
func familyIndex(addr netip.Addr) int {
	if addr.Is4() {
		return 0
	}
	return 1
}

// rangeOf returns the addresses of a prefix.
func rangeOf(p netip.Prefix) addrRange {
	p = unmap(p)
	last := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	end, _ := netip.AddrFromSlice(last)
	return addrRange{first: p.Addr(), last: end}
}

// merge sorts ranges and joins those that overlap or touch, because the kernel
// refuses intervals that overlap.
func merge(ranges []addrRange) []addrRange {
	slices.SortFunc(ranges, func(a, b addrRange) int { return a.first.Compare(b.first) })
	var merged []addrRange
	for _, r := range ranges {
		if n := len(merged); n > 0 && merged[n-1].reaches(r.first) {
			if merged[n-1].last.Less(r.last) {
				merged[n-1].last = r.last
			}
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// reaches tells whether addr lies in the range or right behind it.
func (r addrRange) reaches(addr netip.Addr) bool {
	next := r.last.Next()
	return !next.IsValid() || addr.Compare(next) <= 0
}

// intervals makes the elements of an interval set: one where a range begins and
// one behind its end. The last range of all has no end.
func intervals(ranges []addrRange) []element {
	els := make([]element, 0, 2*len(ranges))
	for _, r := range ranges {
		els = append(els, element{key: addrKey(r.first)})
		if next := r.last.Next(); next.IsValid() {
			els = append(els, element{key: addrKey(next), flags: elemIntervalEnd})
		}
	}
	return els
}
