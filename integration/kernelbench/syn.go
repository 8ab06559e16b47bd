package main

import (
	"encoding/binary"
	"net/netip"
)

// TCP's part of the frames.
const (
	synPort   = 40000
	synHeader = 20
)

// syn makes an Ethernet frame for the servers with the first packet of a TCP
// connection, checksums included: connection tracking looks at them.
func syn(src netip.Addr, port uint16) []byte {
	frame := make([]byte, 0, 14+40+synHeader)
	frame = append(frame, serverMAC...)
	frame = append(frame, routerMAC...)
	if src.Is4() {
		frame = append(frame, 0x08, 0x00)
		return append(append(frame, header4(src, server4.Addr())...), segment(src, server4.Addr(), port)...)
	}
	frame = append(frame, 0x86, 0xdd)
	return append(append(frame, header6(src, server6.Addr())...), segment(src, server6.Addr(), port)...)
}

// header4 is that of IPv4 (RFC 791).
func header4(src, dst netip.Addr) []byte {
	h := make([]byte, 12, 20)
	h[0] = 4<<4 | 5 // version, length in words
	binary.BigEndian.PutUint16(h[2:], 20+synHeader)
	h[8], h[9] = 64, 6 // time to live, TCP
	h = append(append(h, src.AsSlice()...), dst.AsSlice()...)
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return h
}

// header6 is that of IPv6 (RFC 8200).
func header6(src, dst netip.Addr) []byte {
	h := make([]byte, 8, 40)
	h[0] = 6 << 4
	binary.BigEndian.PutUint16(h[4:], synHeader)
	h[6], h[7] = 6, 64 // TCP, hop limit
	return append(append(h, src.AsSlice()...), dst.AsSlice()...)
}

// segment is that of TCP (RFC 9293).
func segment(src, dst netip.Addr, port uint16) []byte {
	s := make([]byte, synHeader)
	binary.BigEndian.PutUint16(s, synPort)
	binary.BigEndian.PutUint16(s[2:], port)
	s[12], s[13] = synHeader/4<<4, 0x02        // length in words, SYN
	binary.BigEndian.PutUint16(s[14:], 0xffff) // window
	pseudo := append(src.AsSlice(), dst.AsSlice()...)
	pseudo = append(pseudo, 0, 6, 0, synHeader)
	binary.BigEndian.PutUint16(s[16:], checksum(append(pseudo, s...)))
	return s
}

// checksum is that of RFC 1071, over an even number of bytes.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
