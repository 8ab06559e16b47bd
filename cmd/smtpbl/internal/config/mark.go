package config

import (
	"fmt"
	"strconv"
	"strings"
)

// String writes the mark as iptables does: value/mask.
func (m Mark) String() string { return fmt.Sprintf("%#x/%#x", m.Value, m.Mask) }

// parseMark reads value/mask. Every bit of the mask belongs to the harness, and
// the value must differ from what an unmarked packet has there.
func parseMark(s string) (Mark, *problem) {
	const hint = `write value/mask, for example "0x5b100000/0xfff00000"`
	value, mask, ok := strings.Cut(s, "/")
	v, err1 := strconv.ParseUint(value, 0, 32)
	m, err2 := strconv.ParseUint(mask, 0, 32)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return Mark{}, &problem{message: fmt.Sprintf("%q is no packet mark", s), hint: hint}
	case v == 0:
		return Mark{}, &problem{message: "the mark 0 is that of every other packet", hint: hint}
	case v&^m != 0:
		return Mark{}, &problem{message: "the mark has bits that its mask leaves out", hint: hint}
	}
	return Mark{Value: uint32(v), Mask: uint32(m)}, nil
}
