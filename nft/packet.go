package nft

import (
	"encoding/binary"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Drop is one dropped packet, as far as its copy could be read. Everything but
// At and Interface is what the sender wrote.
type Drop struct {
	At           time.Time
	Source, Dest netip.Addr
	Port         uint16 // TCP port it was for; 0 where it could not be read
	Flags        uint8  // of TCP, FIN is bit 0; 0 where they could not be read
	Length       int    // bytes of the whole packet with the IP header
	Interface    int    // index of the interface it came in by
}

const (
	sizeofIPv4 = 20
	sizeofIPv6 = 40
	// tcpFlagsAt is where the flags are in a TCP header (RFC 9293, 3.1).
	tcpFlagsAt = 13
	// extensionUnit is what an IPv6 extension header's length counts in.
	extensionUnit = 8
)

// readPacket reads the beginning of an IP packet and tells whether it could
// read at least the addresses.
func (d *Drop) readPacket(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] >> 4 {
	case 4:
		return d.readIPv4(b)
	case 6:
		return d.readIPv6(b)
	}
	return false
}

// readIPv4 reads a header of RFC 791, 3.1.
func (d *Drop) readIPv4(b []byte) bool {
	if len(b) < sizeofIPv4 {
		return false
	}
	size := int(b[0]&0x0f) * 4
	if size < sizeofIPv4 {
		return false
	}
	d.Length = int(binary.BigEndian.Uint16(b[2:]))
	d.Source, d.Dest = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	fragment := binary.BigEndian.Uint16(b[6:]) & 0x1fff
	if fragment == 0 && b[9] == unix.IPPROTO_TCP && size <= len(b) {
		d.readTCP(b[size:])
	}
	return true
}

// readIPv6 reads a header of RFC 8200, 3, and the extension headers behind it as
// far as the copy goes.
func (d *Drop) readIPv6(b []byte) bool {
	if len(b) < sizeofIPv6 {
		return false
	}
	d.Length = sizeofIPv6 + int(binary.BigEndian.Uint16(b[4:]))
	d.Source, d.Dest = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	next, rest := b[6], b[sizeofIPv6:]
	for next != unix.IPPROTO_TCP {
		size, ok := extension(next, rest)
		if !ok {
			return true
		}
		next, rest = rest[0], rest[size:]
	}
	d.readTCP(rest)
	return true
}

// extension returns the size of an extension header behind which there may be a
// TCP header. Others end the way: what is behind them is not what it looks like,
// or is encrypted, or is another fragment's.
func extension(kind byte, b []byte) (size int, ok bool) {
	if len(b) < extensionUnit {
		return 0, false
	}
	switch kind {
	case unix.IPPROTO_HOPOPTS, unix.IPPROTO_ROUTING, unix.IPPROTO_DSTOPTS:
		size = (int(b[1]) + 1) * extensionUnit
	case unix.IPPROTO_FRAGMENT:
		if binary.BigEndian.Uint16(b[2:])&^7 != 0 {
			return 0, false
		}
		size = extensionUnit
	default:
		return 0, false
	}
	return size, size <= len(b)
}

// readTCP reads what there is of a TCP header: the port even where the copy ends
// before the flags.
func (d *Drop) readTCP(b []byte) {
	if len(b) >= 4 {
		d.Port = binary.BigEndian.Uint16(b[2:])
	}
	if len(b) > tcpFlagsAt {
		d.Flags = b[tcpFlagsAt]
	}
}
