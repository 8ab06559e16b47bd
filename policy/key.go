package policy

import (
	"encoding/binary"
	"net/netip"
)

// key is the prefix that a record is about, in eight bytes. IPv6 is its upper
// half. IPv4 lies where IPv6 has ffff:ffff::/32, which is multicast and so
// the source of no connection.
type key uint64

const key4 key = 0xffff_ffff << 32

// kind tells records of equal keys apart.
type kind uint8

const (
	// ofHost is a key's failures and bans.
	ofHost kind = iota
	// ofNet is an IPv4 /24 or IPv6 /48.
	ofNet
	// ofSpared counts the failures of exempt addresses apart, so that they
	// neither ban their neighbours of the /64 nor themselves later on.
	ofSpared
	kinds
)

const (
	hostBits4, hostBits6 = 32, 64
	netBits4, netBits6   = 24, 48
)

func keyOf(a netip.Addr) key {
	if a.Is4() {
		b := a.As4()
		return key4 | key(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return key(binary.BigEndian.Uint64(b[:8]))
}

// HostOf returns what counts as one host with a, and is banned with it: a itself in
// IPv4, its /64 in IPv6. An address of IPv4 must not be in the form of IPv6.
func HostOf(a netip.Addr) netip.Prefix { return keyOf(a).prefix(ofHost) }

func (k key) is4() bool { return k&key4 == key4 }

// net returns the key of k's /24 or /48.
func (k key) net() key {
	if k.is4() {
		return k &^ (1<<(hostBits4-netBits4) - 1)
	}
	return k &^ (1<<(hostBits6-netBits6) - 1)
}

// vicinity stands for k's net where keys of hosts are meant: no host has it.
func (k key) vicinity() key { return ^k.net() }

func (k key) prefix(of kind) netip.Prefix {
	if k.is4() {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(k))
		return netip.PrefixFrom(netip.AddrFrom4(b), bitsOf(true, of))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(k))
	return netip.PrefixFrom(netip.AddrFrom16(b), bitsOf(false, of))
}

func bitsOf(is4 bool, of kind) int {
	switch {
	case is4 && of == ofNet:
		return netBits4
	case is4:
		return hostBits4
	case of == ofNet:
		return netBits6
	default:
		return hostBits6
	}
}

// keyOfPrefix returns the key and kind of p where p is what a key or a net
// covers, not more and not less.
func keyOfPrefix(p netip.Prefix) (key, kind, bool) {
	if !p.IsValid() || p.Addr().IsMulticast() {
		return 0, 0, false
	}
	for _, of := range [...]kind{ofHost, ofNet} {
		if p.Bits() == bitsOf(p.Addr().Is4(), of) {
			return keyOf(p.Addr()), of, true
		}
	}
	return 0, 0, false
}

// plainPrefix masks p and takes it out of IPv4-mapped IPv6.
func plainPrefix(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// plainAddr takes a out of IPv4-mapped IPv6 and drops its zone.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
