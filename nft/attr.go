package nft

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// encoder appends netlink attributes to a buffer. nf_tables wants numbers in
// network byte order; the headers of attributes are in host order.
type encoder struct {
	b []byte
}

// header appends the header of an attribute that has n bytes of payload.
func (e *encoder) header(typ uint16, n int) {
	e.b = binary.NativeEndian.AppendUint16(e.b, uint16(unix.SizeofNlAttr+n))
	e.b = binary.NativeEndian.AppendUint16(e.b, typ)
}

// pad fills up to the next multiple of four bytes.
func (e *encoder) pad() {
	for len(e.b)%unix.NLA_ALIGNTO != 0 {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) u32(typ uint16, v uint32) {
	e.header(typ, 4)
	e.b = binary.BigEndian.AppendUint32(e.b, v)
}

func (e *encoder) u64(typ uint16, v uint64) {
	e.header(typ, 8)
	e.b = binary.BigEndian.AppendUint64(e.b, v)
}

// str appends a string with the NUL byte that the kernel expects.
func (e *encoder) str(typ uint16, s string) {
	e.header(typ, len(s)+1)
	e.b = append(append(e.b, s...), 0)
	e.pad()
}

func (e *encoder) bytes(typ uint16, v []byte) {
	e.header(typ, len(v))
	e.b = append(e.b, v...)
	e.pad()
}

// open begins a nested attribute and returns the mark that shut wants.
func (e *encoder) open(typ uint16) int {
	mark := len(e.b)
	e.header(typ|unix.NLA_F_NESTED, 0)
	return mark
}

// shut ends the nested attribute that open began.
func (e *encoder) shut(mark int) {
	binary.NativeEndian.PutUint16(e.b[mark:], uint16(len(e.b)-mark))
}
