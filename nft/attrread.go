package nft

import (
	"bytes"
	"encoding/binary"
	"iter"

	"golang.org/x/sys/unix"
)

// attrs yields type and payload of each attribute in b and stops where the
// bytes stop making sense.
func attrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofNlAttr {
			n := int(binary.NativeEndian.Uint16(b))
			if n < unix.SizeofNlAttr || n > len(b) {
				return
			}
			typ := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if !yield(typ, b[unix.SizeofNlAttr:n]) {
				return
			}
			b = b[min(align4(n), len(b)):]
		}
	}
}

// align4 rounds up to the alignment of netlink.
func align4(n int) int { return (n + 3) &^ 3 }

// attr returns the payload of the first attribute of a type, or nil.
func attr(b []byte, want uint16) []byte {
	for typ, v := range attrs(b) {
		if typ == want {
			return v
		}
	}
	return nil
}

// readU32 reads a number of the kernel; one that is too short is 0.
func readU32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

// readU64 reads a number of the kernel; one that is too short is 0.
func readU64(v []byte) uint64 {
	if len(v) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

// readString reads a string up to its NUL byte.
func readString(v []byte) string {
	before, _, _ := bytes.Cut(v, []byte{0})
	return string(before)
}
