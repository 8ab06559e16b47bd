package nft

import "net/netip"

// prefixSet finds out whether an address lies in one of many prefixes. The cost
// grows with the number of different lengths, not with that of the prefixes.
type prefixSet struct {
	lengths []length
	members map[netip.Prefix]struct{}
}

// length is a family and a length of prefix.
type length struct {
	v6   bool
	bits int
}

func lengthOf(p netip.Prefix) length { return length{v6: p.Addr().Is6(), bits: p.Bits()} }

// newPrefixSet makes a set of valid prefixes of any length.
func newPrefixSet(prefixes []netip.Prefix) prefixSet {
	s := prefixSet{members: make(map[netip.Prefix]struct{}, len(prefixes))}
	lengths := map[length]struct{}{}
	for _, p := range prefixes {
		p = unmap(p)
		s.members[p] = struct{}{}
		if _, known := lengths[lengthOf(p)]; !known {
			lengths[lengthOf(p)] = struct{}{}
			s.lengths = append(s.lengths, lengthOf(p))
		}
	}
	return s
}

// contains tells whether an address, which must not be mapped, is in the set.
func (s prefixSet) contains(addr netip.Addr) bool {
	for _, l := range s.lengths {
		if l.v6 != addr.Is6() {
			continue
		}
		if _, ok := s.members[netip.PrefixFrom(addr, l.bits).Masked()]; ok {
			return true
		}
	}
	return false
}
