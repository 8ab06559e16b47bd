package traffic

import (
	"encoding/binary"
	"net/netip"
)

const (
	headerBytes4   = 20
	headerBytes6   = 40
	headerBytesTCP = 20

	protocolTCP = 6
	hops        = 64

	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// packet is a SYN with its IP header, of which only the sequence number
// changes from one sending to the next.
type packet struct {
	bytes  []byte
	tcp    []byte // the part of bytes that is the TCP header
	pseudo uint32 // sum of the pseudo header
}

func newPacket(from, to netip.AddrPort) *packet {
	p := &packet{}
	if to.Addr().Is4() {
		p.ipv4(from.Addr(), to.Addr())
	} else {
		p.ipv6(from.Addr(), to.Addr())
	}
	p.pseudo = sum(from.Addr().AsSlice()) + sum(to.Addr().AsSlice()) + protocolTCP + headerBytesTCP
	binary.BigEndian.PutUint16(p.tcp[0:], from.Port())
	binary.BigEndian.PutUint16(p.tcp[2:], to.Port())
	p.tcp[12] = headerBytesTCP / 4 << 4
	p.tcp[13] = flagSYN
	binary.BigEndian.PutUint16(p.tcp[14:], 0xffff) // window
	return p
}

// ipv4 writes the header of RFC 791; the kernel fills in length and checksum
// (raw(7), IP_HDRINCL).
func (p *packet) ipv4(from, to netip.Addr) {
	p.bytes = make([]byte, headerBytes4+headerBytesTCP)
	p.tcp = p.bytes[headerBytes4:]
	p.bytes[0] = 4<<4 | headerBytes4/4
	p.bytes[8], p.bytes[9] = hops, protocolTCP
	copy(p.bytes[12:], from.AsSlice())
	copy(p.bytes[16:], to.AsSlice())
}

// ipv6 writes the header of RFC 8200.
func (p *packet) ipv6(from, to netip.Addr) {
	p.bytes = make([]byte, headerBytes6+headerBytesTCP)
	p.tcp = p.bytes[headerBytes6:]
	p.bytes[0] = 6 << 4
	binary.BigEndian.PutUint16(p.bytes[4:], headerBytesTCP)
	p.bytes[6], p.bytes[7] = protocolTCP, hops
	copy(p.bytes[8:], from.AsSlice())
	copy(p.bytes[24:], to.AsSlice())
}

// number sets the sequence number and returns the packet.
func (p *packet) number(seq uint32) []byte {
	binary.BigEndian.PutUint32(p.tcp[4:], seq)
	binary.BigEndian.PutUint16(p.tcp[16:], 0)
	binary.BigEndian.PutUint16(p.tcp[16:], ^fold(p.pseudo+sum(p.tcp)))
	return p.bytes
}

// sum adds up 16-bit words as the checksum of RFC 1071 does; b has an even
// length here.
func sum(b []byte) uint32 {
	var s uint32
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// answered returns the sequence number that a TCP header answers, and whether
// it is an answer to a SYN: a refusal or an acceptance.
func answered(tcp []byte) (seq uint32, ok bool) {
	if len(tcp) < headerBytesTCP {
		return 0, false
	}
	flags := tcp[13]
	if flags&flagACK == 0 || flags&(flagRST|flagSYN) == 0 {
		return 0, false
	}
	return binary.BigEndian.Uint32(tcp[8:]) - 1, true
}
