package boltfile

import "encoding/binary"

const (
	manyFree = 0xffff // how many are too many for the header
	idLen    = 8
	// piece is how many bytes of the list are read at a time.
	piece = 4 << 10
)

// freelist claims the pages that are free: each once, in their order.
func (c *checker) freelist() error {
	var b [headerLen]byte
	h, at, size, err := c.open(c.meta.freelist, b[:])
	if err != nil {
		return err
	}
	if h.flags != freelistFlag {
		return damaged("page %d is no free list", h.id)
	}
	n, room := uint64(h.count), uint64(size-headerLen)/idLen
	at += headerLen
	if n == manyFree {
		var b [idLen]byte
		if err := c.read(b[:], at); err != nil {
			return err
		}
		n = binary.NativeEndian.Uint64(b[:])
		at, room = at+idLen, room-1
	}
	if n > room || h.count == manyFree && n < manyFree {
		return damaged("its free list of %d pages has room for %d", n, room)
	}
	return c.claimFree(at, n)
}

// claimFree claims the n pages that are listed from a place on.
func (c *checker) claimFree(at int64, n uint64) error {
	var b [piece]byte
	for last := uint64(0); n > 0; {
		part := b[:min(n*idLen, piece)]
		if err := c.read(part, at); err != nil {
			return err
		}
		at += int64(len(part))
		n -= uint64(len(part) / idLen)
		for ; len(part) > 0; part = part[idLen:] {
			id := binary.NativeEndian.Uint64(part)
			if id < firstPage || id >= c.meta.pages || id <= last {
				return damaged("its free list has page %d after %d", id, last)
			}
			if !c.taken.set(id) {
				return damaged("page %d is free and holds the free list", id)
			}
			last = id
		}
	}
	return nil
}
