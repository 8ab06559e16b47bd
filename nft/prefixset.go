package nft

import "net/netip"

// prefixSet finds out whether an address lies in one of many prefixes. The cost
// grows with the number of different lengths, not with that of the prefixes.
type prefixSet struct {
	kinds   []kind
	members map[netip.Prefix]struct{}
}

// newPrefixSet makes a set of valid prefixes of any length.
func newPrefixSet(prefixes []netip.Prefix) prefixSet {
	s := prefixSet{members: make(map[netip.Prefix]struct{}, len(prefixes))}
	lengths := map[kind]struct{}{}
	for _, p := range prefixes {
		p = unmap(p)
		s.members[p] = struct{}{}
		if _, known := lengths[kindOf(p)]; !known {
			lengths[kindOf(p)] = struct{}{}
			s.kinds = append(s.kinds, kindOf(p))
		}
	}
	return s
}

// contains tells whether an address, which must not be mapped, is in the set.
func (s prefixSet) contains(addr netip.Addr) bool {
	for _, k := range s.kinds {
		if k.v6 != addr.Is6() {
			continue
		}
		if _, ok := s.members[netip.PrefixFrom(addr, k.bits).Masked()]; ok {
			return true
		}
	}
	return false
}
