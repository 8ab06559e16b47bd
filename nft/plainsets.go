package nft

import (
	"maps"
	"net/netip"
)

// plainSetsAre tells whether the sets that hold no bans have their elements:
// the ports and, unless they are left as they stand, the allowed addresses.
func (s *socket) plainSetsAre(table string, f found, ports []uint16, allow []netip.Prefix) (bool, error) {
	want := map[string][]element{setPorts: portElements(ports)}
	if allow != nil {
		ranges := byFamily(allow)
		want[setAllow4], want[setAllow6] = intervals(ranges[0]), intervals(ranges[1])
	}
	for name, els := range want {
		have, err := s.elements(table, f.sets[name])
		if err != nil {
			return false, err
		}
		if !maps.Equal(identities(have), identities(els)) {
			return false, nil
		}
	}
	return true, nil
}

func identities(els []element) map[elementID]struct{} {
	ids := make(map[elementID]struct{}, len(els))
	for _, el := range els {
		ids[elementID{key: el.key, flags: el.flags}] = struct{}{}
	}
	return ids
}
