package nft

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// covering returns the range of an interval set that an address lies in. The
// kernel finds it by key: it answers a question for a start with the last start
// at or below the key, and one for an end with the first end at or above it
// (nft_rbtree_get). The end of a range is the address behind it. It is asked for
// with the next address, because kernels before 6.18.14 look in the wrong
// direction when the key is a start.
//
// A range that reaches to the last address of all has no end, and the question
// for it is never asked: Linux 6.18.14 to 6.18.39 and 7.0 to 7.1.4 return a
// pointer made from NULL, which is taken for an errno: -24, EMFILE, on 64 bits
// (mended by d63611cbe8af). Such a range is the one that the last address lies
// in.
func (s *socket) covering(table, set string, addr netip.Addr) (r addrRange, ok bool, err error) {
	first, ok, err := s.start(table, set, addr)
	if err != nil || !ok {
		return addrRange{}, false, err
	}
	last := rangeOf(netip.PrefixFrom(addr, 0)).last
	lastFirst, reached, err := s.start(table, set, last)
	if err != nil {
		return addrRange{}, false, err
	}
	if reached && lastFirst == first {
		return addrRange{first: first, last: last}, true, nil
	}
	// Without an end the range has been removed meanwhile.
	behind, ok, err := s.bound(table, set, element{key: addrKey(addr.Next()), flags: elemIntervalEnd})
	if err != nil || !ok {
		return addrRange{}, false, err
	}
	return addrRange{first: first, last: behind.Prev()}, true, nil
}

// start returns where the range begins that an address lies in.
func (s *socket) start(table, set string, addr netip.Addr) (first netip.Addr, ok bool, err error) {
	return s.bound(table, set, element{key: addrKey(addr)})
}

// bound asks for one bound of an interval.
func (s *socket) bound(table, set string, question element) (bound netip.Addr, ok bool, err error) {
	err = s.get(unix.NFT_MSG_GETSETELEM, func(e *encoder) {
		e.str(unix.NFTA_SET_ELEM_LIST_TABLE, table)
		e.str(unix.NFTA_SET_ELEM_LIST_SET, set)
		list := e.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
		question.encode(e)
		e.shut(list)
	}, func(b []byte) {
		eachElement(b, func(el element) {
			if addr, valid := el.key.addr(); valid && el.flags == question.flags {
				bound, ok = addr, true
			}
		})
	})
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return bound, false, fmt.Errorf("look up in set %s: %w", set, classify(err))
	}
	return bound, ok, nil
}

// prefixAround returns the largest prefix that holds an address and lies in the
// range, which holds it too.
func (r addrRange) prefixAround(addr netip.Addr) netip.Prefix {
	for bits := range addr.BitLen() {
		p := netip.PrefixFrom(addr, bits).Masked()
		if around := rangeOf(p); !around.first.Less(r.first) && !r.last.Less(around.last) {
			return p
		}
	}
	return netip.PrefixFrom(addr, addr.BitLen())
}
