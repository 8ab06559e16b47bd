package nft

import (
	"encoding/binary"
	"net/netip"
)

// setKey is the key of an element: a port, an IPv4 or an IPv6 address.
type setKey struct {
	b [16]byte
	n uint8 // bytes of b that count
}

func addrKey(addr netip.Addr) setKey {
	if addr.Is4() {
		k := setKey{n: 4}
		*(*[4]byte)(k.b[:]) = addr.As4()
		return k
	}
	return setKey{b: addr.As16(), n: 16}
}

func portKey(port uint16) setKey {
	k := setKey{n: 2}
	binary.BigEndian.PutUint16(k.b[:], port)
	return k
}

// readKey takes a key from a message; one that is too long for any of our sets
// becomes an empty one.
func readKey(v []byte) setKey {
	var k setKey
	if len(v) <= len(k.b) {
		k.n = uint8(copy(k.b[:], v))
	}
	return k
}

func (k *setKey) bytes() []byte { return k.b[:k.n] }

// addr returns the address that the key is; ok is false if it is none.
func (k setKey) addr() (addr netip.Addr, ok bool) { return netip.AddrFromSlice(k.bytes()) }
