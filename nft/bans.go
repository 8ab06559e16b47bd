package nft

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// dumpPasses bounds how often a set is listed to find all of its elements.
const dumpPasses = 8

// Bans lists every ban that is in force, from all sets, in no order. The kernel
// walks a set again for each piece of such a list: the cost grows with the
// square of the size, and is the kernel's: half a second for 100,000, two or
// three times that with element counters, and a minute or more for a million.
// Who knows the prefixes should use Query. The listing has a socket of its own,
// so that other readers do not wait for it.
//
// A ban that is set or lifted meanwhile may be in the list or not; the others
// are all in it.
func (r *Reader) Bans() (bans []Ban, err error) {
	s, err := r.opts.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	f, err := s.find(r.table)
	if err != nil {
		return nil, err
	}
	if !f.exists {
		return nil, fmt.Errorf("list bans of table %s: %w", r.table, errors.Join(ErrTableGone, unix.ENOENT))
	}
	for _, k := range f.bans() {
		els, err := s.elements(r.table, f.sets[k.set()])
		if err != nil {
			return nil, err
		}
		for _, el := range els {
			if prefix, ok := k.prefix(el.key); ok && !el.ended() {
				bans = append(bans, el.ban(prefix, k))
			}
		}
	}
	return bans, nil
}

// ban is the element as callers see it.
func (el element) ban(prefix netip.Prefix, k kind) Ban {
	return Ban{
		Layer: k.layer, Prefix: prefix, Set: k.set(),
		Timeout: el.timeout, Remaining: el.remaining,
		Packets: el.packets, Bytes: el.bytes,
	}
}

// ended tells whether the element only waits to be collected.
func (el element) ended() bool { return el.timeout > 0 && el.remaining == 0 }

// elementID tells elements apart. In an interval set, an end and a start can
// have the same key.
type elementID struct {
	key   setKey
	flags uint32
}

// elements is how many the kernel lists of a set: of an interval it counts both
// bounds as one (nft_rbtree_usize).
func (s foundSet) elements() int {
	if s.spec.flags&unix.NFT_SET_INTERVAL != 0 {
		return 2 * int(s.count)
	}
	return int(s.count)
}

// elements lists a set. While a set changes, or its hash table is resized, a
// list can lack elements and have others twice, without a sign of it. So it is
// repeated until it has as many as the kernel counts or brings nothing new, and
// the passes are put together.
func (s *socket) elements(table string, set foundSet) ([]element, error) {
	var els []element
	seen := make(map[elementID]struct{}, set.count)
	for pass := range dumpPasses {
		before := len(els)
		err := s.dump(unix.NFT_MSG_GETSETELEM, func(e *encoder) {
			e.str(unix.NFTA_SET_ELEM_LIST_TABLE, table)
			e.str(unix.NFTA_SET_ELEM_LIST_SET, set.spec.name)
		}, func(b []byte) {
			eachElement(b, func(el element) {
				id := elementID{key: el.key, flags: el.flags}
				if _, again := seen[id]; !again {
					seen[id] = struct{}{}
					els = append(els, el)
				}
			})
		})
		if err != nil && !errors.Is(err, errInterrupted) {
			return nil, fmt.Errorf("list set %s: %w", set.spec.name, classify(err))
		}
		complete := set.counts && len(els) >= set.elements()
		settled := len(els) == before && (err == nil || pass > 0)
		if settled || (err == nil && complete) {
			return els, nil
		}
	}
	return nil, fmt.Errorf("list set %s: %w", set.spec.name, errInterrupted)
}
