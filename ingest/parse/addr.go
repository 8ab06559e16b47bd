package parse

import "net/netip"

// maxAddr is the longest textual IPv6 address.
const maxAddr = 45

// address reads the address at the start of b and returns what follows. It
// takes what netip.ParseAddr takes, but needs no string and so no allocation.
// A zone is left in rest, where no caller expects one: a link-local
// neighbour's address is not unique, so it is none to act on.
func address(b []byte) (a netip.Addr, rest []byte, ok bool) {
	if quad, n := dotted(b); n > 0 {
		return netip.AddrFrom4(quad), b[n:], true
	}
	n := 0
	for n < len(b) && n <= maxAddr && addrByte(b[n]) {
		n++
	}
	words, ok := hextets(b[:n])
	if !ok {
		return a, nil, false
	}
	return netip.AddrFrom16(words).Unmap(), b[n:], true
}

func addrByte(c byte) bool {
	return c >= '0' && c <= ':' || c|0x20 >= 'a' && c|0x20 <= 'f' || c == '.'
}

// dotted reads "192.0.2.1" and returns its length, 0 for anything else.
func dotted(b []byte) (quad [4]byte, n int) {
	part, value, digits := 0, 0, 0
	for ; n < len(b); n++ {
		c := b[n]
		if digit(c) {
			if digits > 0 && value == 0 {
				return quad, 0 // some read a leading zero as octal
			}
			value, digits = value*10+int(c-'0'), digits+1
			if value > 255 {
				return quad, 0
			}
			continue
		}
		if c != '.' || digits == 0 || part == 3 {
			break
		}
		quad[part] = byte(value)
		part, value, digits = part+1, 0, 0
	}
	if part != 3 || digits == 0 || n < len(b) && addrByte(b[n]) {
		return quad, 0
	}
	quad[3] = byte(value)
	return quad, n
}

// hextets reads an IPv6 address that fills b.
func hextets(b []byte) (words [16]byte, ok bool) {
	n, gap := 0, -1
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, b = 0, b[2:]
	}
	for len(b) > 0 {
		value, size := hextet(b)
		if size == 0 { // the last 32 bits may be dotted
			quad, size := dotted(b)
			if size == 0 || size < len(b) || n > 12 {
				return words, false
			}
			copy(words[n:], quad[:])
			return spread(words, n+4, gap)
		}
		if n == 16 {
			return words, false
		}
		words[n], words[n+1] = byte(value>>8), byte(value)
		n, b = n+2, b[size:]
		if len(b) == 0 {
			break
		}
		if len(b) == 1 || b[0] != ':' {
			return words, false
		}
		if b = b[1:]; b[0] != ':' {
			continue
		}
		if gap >= 0 {
			return words, false
		}
		gap, b = n, b[1:]
	}
	return spread(words, n, gap)
}

func hextet(b []byte) (value, size int) {
	for size < len(b) && size < 5 && b[size] != ':' {
		c := b[size]
		switch {
		case digit(c):
			value = value<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			value = value<<4 | int(c|0x20-'a'+10)
		default:
			return 0, 0
		}
		size++
	}
	if size > 4 {
		return 0, 0
	}
	return value, size
}

// spread moves what stands behind "::" to the end. "::" stands for at least
// one word of zeros.
func spread(words [16]byte, n, gap int) ([16]byte, bool) {
	if gap < 0 || n == 16 {
		return words, gap < 0 && n == 16
	}
	tail := words
	clear(words[gap:])
	copy(words[16-(n-gap):], tail[gap:n])
	return words, true
}
