package parse

import "net/netip"

// maxHost is more than a host name has bytes.
const maxHost = 256

// client parses Postfix's "name[addr]" or "name[addr]:port" at the start of b
// and returns what follows. The name comes from the client's own DNS, so only
// bytes of a host name may stand before the bracket.
func client(b []byte) (a netip.Addr, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < maxHost && nameBytes[b[i]] {
		i++
	}
	if i == 0 {
		return a, nil, false
	}
	return addrPort(b[i:])
}

// addrPort parses "[addr]" or "[addr]:port" at the start of b and returns what
// follows.
func addrPort(b []byte) (a netip.Addr, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return a, nil, false
	}
	a, rest, ok = address(b[1:])
	if !ok || len(rest) == 0 || rest[0] != ']' {
		return a, nil, false
	}
	rest = rest[1:]
	if len(rest) > 1 && rest[0] == ':' && digit(rest[1]) {
		_, rest, _ = number(rest[1:])
	}
	return a, rest, true
}

// nameBytes are the bytes of host names, queue ids and password databases.
var nameBytes = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") {
		set[c] = true
	}
	return set
}()

// name returns the length of the word of name bytes at the start of b.
func name(b []byte) int {
	i := 0
	for i < len(b) && nameBytes[b[i]] {
		i++
	}
	return i
}

func digit(c byte) bool { return c-'0' <= 9 }

// digits returns how many digits b begins with.
func digits(b []byte) int {
	i := 0
	for i < len(b) && digit(b[i]) {
		i++
	}
	return i
}

// number reads a decimal number of at most six digits.
func number(b []byte) (n int, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 6 && digit(b[i]) {
		n = n*10 + int(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}
