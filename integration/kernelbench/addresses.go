package main

import (
	"encoding/binary"
	"net/netip"
)

// The networks that packets come from. Nothing but the cables between the
// namespaces ever carries them.
var (
	bannedNet4 = netip.MustParsePrefix("10.0.0.0/8")
	bannedNet6 = netip.MustParsePrefix("2001:db8::/32")
	cleanNet4  = netip.MustParsePrefix("198.18.0.0/15")
	cleanNet6  = netip.MustParsePrefix("2001:2::/48")
)

// address is the i-th banned address. They are scattered over their network as
// those of attackers are, and 16,777,216 differ: an odd factor permutes the
// numbers of 24 bits.
func address(i int) netip.Addr {
	n := uint32(i) * 0x9e3779 & 0xffffff
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// network6 is the i-th banned network of IPv6, a /64; 65,536 differ.
func network6(i int) netip.Prefix {
	a := bannedNet6.Addr().As16()
	binary.BigEndian.PutUint16(a[6:], uint16(i*0x9e37))
	return netip.PrefixFrom(netip.AddrFrom16(a), 64)
}

// clean4 is the i-th address that is never banned; 131,072 differ.
func clean4(i int) netip.Addr {
	n := uint32(198<<24|18<<16) + uint32(i)*0x9e37%(1<<17)
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}

// clean6 is the same of IPv6.
func clean6(i int) netip.Addr {
	a := cleanNet6.Addr().As16()
	binary.BigEndian.PutUint32(a[12:], uint32(i)*0x9e3779b1)
	return netip.AddrFrom16(a)
}
