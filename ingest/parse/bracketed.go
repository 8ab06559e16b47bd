package parse

import (
	"bytes"
	"net/netip"
)

// bracketed parses "name [ip]", "name[ip]" or "[ip]" at the start of b and
// returns what follows. The name comes from the client's own DNS, so only
// bytes of a host name may stand before the bracket.
func bracketed(b []byte) (a netip.Addr, rest []byte, ok bool) {
	i := name(b)
	b = b[i:]
	if i > 0 {
		b = bytes.TrimPrefix(b, []byte(" "))
	}
	if b, ok = bytes.CutPrefix(b, []byte("[")); !ok {
		return a, nil, false
	}
	if a, b, ok = address(b); !ok {
		return a, nil, false
	}
	rest, ok = bytes.CutPrefix(b, []byte("]"))
	return a, rest, ok
}
