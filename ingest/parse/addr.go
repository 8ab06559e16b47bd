package parse

import (
	"bytes"
	"net/netip"
	"unsafe"
)

// maxAddr is the longest textual IPv6 address.
const maxAddr = 45

// addr parses an address without copying it. A zone means a link-local
// neighbour, whose address is not unique: that is no address to act on.
func addr(b []byte) (netip.Addr, bool) {
	if len(b) < 2 || len(b) > maxAddr || bytes.IndexByte(b, '%') >= 0 {
		return netip.Addr{}, false
	}
	// A malformed address would make ParseAddr allocate its error; the first
	// and last byte sort out words such as "unknown".
	if !hexOrColon(b[0]) || !hexOrColon(b[len(b)-1]) {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(unsafe.String(&b[0], len(b)))
	return a.Unmap(), err == nil
}

func hexOrColon(c byte) bool {
	return c >= '0' && c <= ':' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// client parses Postfix's "name[addr]" or "name[addr]:port" at the start of b
// and returns what follows. The name comes from the client's own DNS, so only
// bytes of a host name may stand before the bracket.
func client(b []byte) (a netip.Addr, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 256 && hostByte(b[i]) {
		i++
	}
	if i == 0 || i >= len(b) || b[i] != '[' {
		return a, nil, false
	}
	b = b[i+1:]
	end := bytes.IndexByte(b[:min(len(b), maxAddr+1)], ']')
	if end < 0 {
		return a, nil, false
	}
	if a, ok = addr(b[:end]); !ok {
		return a, nil, false
	}
	rest = b[end+1:]
	if len(rest) > 1 && rest[0] == ':' && digit(rest[1]) {
		_, rest, _ = number(rest[1:])
	}
	return a, rest, true
}

func hostByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || digit(c) || c == '.' || c == '-' || c == '_'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number reads a decimal number of at most six digits.
func number(b []byte) (n int, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 6 && digit(b[i]) {
		n = n*10 + int(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}
