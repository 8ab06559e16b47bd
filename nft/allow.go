package nft

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// SetAllow replaces the addresses that are never dropped, whatever is banned.
// Prefixes may overlap and may have any length. The replacement is one
// transaction.
func (t *Table) SetAllow(prefixes []netip.Prefix) error {
	if err := checkAllow(prefixes); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	allow := append([]netip.Prefix{}, prefixes...)
	b := newBatch(t.sock.out)
	b.allow(t.cfg.Table, allow)
	if err := t.sock.commit(b); err != nil {
		return fmt.Errorf("allow %d prefixes: %w", len(prefixes), classify(err))
	}
	t.allow = allow
	return nil
}

func checkAllow(prefixes []netip.Prefix) error {
	for _, p := range prefixes {
		if !p.IsValid() {
			return fmt.Errorf("allow prefixes: %w: no prefix given", ErrPrefix)
		}
	}
	return nil
}

// allow appends the replacement of both allow sets.
func (b *batch) allow(table string, prefixes []netip.Prefix) {
	var ranges4, ranges6 []addrRange
	for _, p := range prefixes {
		r := rangeOf(p)
		if r.first.Is4() {
			ranges4 = append(ranges4, r)
		} else {
			ranges6 = append(ranges6, r)
		}
	}
	for set, ranges := range map[string][]addrRange{setAllow4: ranges4, setAllow6: ranges6} {
		b.flushSet(table, set)
		b.elements(unix.NFT_MSG_NEWSETELEM, create, table, set, intervals(merge(ranges)))
	}
}

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
		els = append(els, element{key: r.first.AsSlice()})
		if next := r.last.Next(); next.IsValid() {
			els = append(els, element{key: next.AsSlice(), flags: elemIntervalEnd})
		}
	}
	return els
}

// covers tells whether addr lies in one of the intervals that the elements of
// an interval set stand for: whether the last bound at or below it is a start.
func covers(els []element, addr netip.Addr) bool {
	var below netip.Addr
	inside := false
	for _, el := range els {
		bound, ok := netip.AddrFromSlice(el.key)
		if !ok || bound.BitLen() != addr.BitLen() || addr.Less(bound) {
			continue
		}
		start := el.flags&elemIntervalEnd == 0
		// Where one range ends and the next begins both bounds have one key.
		if !below.IsValid() || below.Less(bound) || (bound == below && start) {
			below, inside = bound, start
		}
	}
	return inside
}
