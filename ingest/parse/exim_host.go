package parse

import (
	"bytes"
	"net/netip"
)

// eximHost parses what Exim calls sender_fullhost and what follows it,
//
//	name (helo) [addr]:port I=[addr]:port U=ident Ci=number
//
// of which only the address is always there (Exim src/host.c,
// host_build_sender_fullhost and host_and_ident). The name comes from DNS. The
// ident comes from the client: where there is one, rest begins with it and
// named is true.
//
// The name in HELO is the client's too. Exim lets no blank into it (src/smtp_in.c,
// check_helo), but helo_accept_junk_hosts and helo_allow_chars may. So when a
// later address stands where one would after a HELO name, nobody can tell
// which is the client's, and ok is false: the line counts as unread. A client can
// bring that about with the name it logs in with, which hides no guess at an
// account, and where Exim asks the client's own identd.
func eximHost(b []byte) (a netip.Addr, rest []byte, named, ok bool) {
	i := 0
	for i < len(b) && (nameBytes[b[i]] || b[i] == '/') {
		i++
	}
	if i > 0 && i < len(b) && b[i] == ' ' {
		i++
	} else if i > 0 {
		return a, nil, false, false
	}
	b = b[i:]
	helo := len(b) > 0 && b[0] == '('
	if helo {
		end := bytes.Index(b, []byte(") ["))
		if end < 0 {
			return a, nil, false, false
		}
		b = b[end+2:]
	}
	a, rest, ok = addrPort(b)
	if !ok || helo && another(rest, a) {
		return a, nil, false, false
	}
	rest, named = eximHostEnd(rest)
	return a, rest, named, true
}

// another tells whether a client's address other than a could follow a HELO
// name that ends in b.
func another(b []byte, a netip.Addr) bool {
	for {
		i := bytes.Index(b, []byte(") ["))
		if i < 0 {
			return false
		}
		b = b[i+2:]
		if other, _, ok := addrPort(b); ok && other != a {
			return true
		}
	}
}

// eximHostEnd skips our own address, the mark of TCP fast open and the
// connection's number.
func eximHostEnd(b []byte) (rest []byte, named bool) {
	if c, ok := bytes.CutPrefix(b, []byte(" I=")); ok {
		if _, c, ok = addrPort(c); !ok {
			return nil, false
		}
		b = c
	}
	if c, ok := bytes.CutPrefix(b, []byte(" TFO")); ok {
		b = bytes.TrimPrefix(c, []byte("*"))
	}
	if c, ok := bytes.CutPrefix(b, []byte(" U=")); ok {
		return c, true
	}
	if c, ok := bytes.CutPrefix(b, []byte(" Ci=")); ok {
		b = c[name(c):]
	}
	return b, false
}

// word returns how many bytes stand before the first blank of b.
func word(b []byte) int {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return i
	}
	return len(b)
}

// after returns what follows next in b. After an ident, next may be the
// client's own text, so it must not be there twice.
func after(b, next []byte, named bool) ([]byte, bool) {
	if !named {
		return bytes.CutPrefix(b, next)
	}
	_, rest, ok := bytes.Cut(b, next)
	return rest, ok && !bytes.Contains(rest, next)
}
