package postfix

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strconv"
)

// maxKey bounds a request of the socketmap protocol; a host name has at most
// 255 bytes.
const maxKey = 2 << 10

// readMap reads a netstring that holds the table's name, a blank and the key.
func readMap(r *bufio.Reader) (question, error) {
	n, err := readLength(r)
	if err != nil {
		return question{}, err
	}
	text, err := r.Peek(n + 1)
	if err != nil {
		return question{}, cut(err)
	}
	if text[n] != ',' {
		return question{}, errBeyond
	}
	_, key, ok := bytes.Cut(text[:n], []byte(" "))
	addr := clientKey(key)
	if _, err := r.Discard(n + 1); err != nil {
		return question{}, cut(err)
	}
	if !ok {
		return question{}, errMalformed
	}
	return question{addr: addr}, nil
}

// readLength reads the digits and the colon before the netstring's text.
func readLength(r *bufio.Reader) (int, error) {
	n := 0
	for digits := 0; ; digits++ {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, cut(err)
		case c == ':' && digits > 0:
			return n, nil
		case c < '0' || c > '9' || digits > 0 && n == 0:
			return 0, errBeyond
		}
		if n = 10*n + int(c-'0'); n > maxKey {
			return 0, errBeyond
		}
	}
}

// cut is the error of a request that ends in its midst.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func netstring(text string) []byte {
	return []byte(strconv.Itoa(len(text)) + ":" + text + ",")
}

// clientKey returns the address that a key of check_client_access is, or one
// that is not valid. Postfix asks for the client's name, the domains above it,
// the address, and then for the address with one part after the other cut off:
// 192.0.2.7, 192.0.2, 192.0, 192 (access(5), "Host name/address patterns"). Of
// those only the whole address counts. What is left of an IPv6 address may be
// an address again: 2001:db8::1:2 becomes 2001:db8::1. It is one of the same
// /64, which is what is counted, and its like was asked for before; but not
// where the colons stand for zeros in the midst of the first 64 bits:
// 2a00::1:2:3:4:5, which is in 2a00:0:0:1::/64, becomes 2a00::1. Such a
// remainder is in the first /64 of a /16, where no client is, and counts for
// nothing.
func clientKey(key []byte) netip.Addr {
	addr, ok := plainAddr(key)
	if !ok {
		return netip.Addr{}
	}
	if a := addr.As16(); addr.Is6() && [6]byte(a[2:8]) == [6]byte{} {
		return netip.Addr{}
	}
	return addr
}
