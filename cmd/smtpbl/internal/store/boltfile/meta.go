package boltfile

import (
	"encoding/binary"
	"hash/fnv"
	"math"
)

// meta is a meta page.
type meta struct {
	pageSize                    int64
	root, freelist, pages, txid uint64
}

const (
	magic   = 0xed0cdaed
	version = 2

	metaSum = 56 // of how many bytes
	metaLen = metaSum + 8

	// A page is as large as one of the machine that made the file.
	minPage, maxPage = 1 << 10, 1 << 16
)

// metaOf reads what stands behind the header of a meta page, and tells whether
// it is whole, as Meta.Validate does.
func metaOf(b []byte) (m meta, whole bool) {
	u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	h := fnv.New64a()
	_, _ = h.Write(b[:metaSum])
	whole = u32(b) == magic && u32(b[4:]) == version && u64(b[metaSum:]) == h.Sum64()
	return meta{pageSize: int64(u32(b[8:])), root: u64(b[16:]), freelist: u64(b[32:]), pages: u64(b[40:]), txid: u64(b[48:])}, whole
}

// metaAt reads a meta page; beyond the end there is none.
func (c *checker) metaAt(at int64) (h header, m meta, whole bool, err error) {
	if at+headerLen+metaLen > c.size {
		return h, m, false, nil
	}
	var b [headerLen + metaLen]byte
	if err := c.read(b[:], at); err != nil {
		return h, m, false, err
	}
	m, whole = metaOf(b[headerLen:])
	return headerOf(b[:]), m, whole, nil
}

// chooseMeta returns the meta page that bbolt goes by: of those that are whole
// the one of the later transaction (DB.meta in db.go).
func (c *checker) chooseMeta() (meta, error) {
	pageSize, err := c.pageSize()
	if err != nil {
		return meta{}, err
	}
	var chosen meta
	found := false
	for i := range uint64(2) {
		h, m, whole, err := c.metaAt(int64(i) * pageSize)
		if err != nil {
			return meta{}, err
		}
		if !whole {
			continue // as after a crash; the other one counts
		}
		if h.id != i || h.flags != metaFlag || m.txid%2 != i || m.pageSize != pageSize {
			return meta{}, damaged("meta page %d is not where it belongs", i)
		}
		if !found || m.txid > chosen.txid {
			chosen, found = m, true
		}
	}
	if !found {
		return meta{}, damaged("none of its meta pages is whole")
	}
	return chosen, c.bounds(&chosen)
}

// pageSize finds the size of pages as DB.getPageSize in db.go does: from the
// first meta page or, where that is not whole, by looking for the second.
func (c *checker) pageSize() (int64, error) {
	const sizes = 15
	_, m, whole, err := c.metaAt(0)
	for i := 0; i < sizes && !whole && err == nil; i++ {
		at := int64(minPage) << i
		if _, m, whole, err = c.metaAt(at); whole && m.pageSize != at {
			return 0, damaged("its second meta page is at byte %d", at)
		}
	}
	switch {
	case err != nil:
		return 0, err
	case !whole:
		return 0, damaged("no meta page is whole")
	case m.pageSize < minPage || m.pageSize > maxPage || m.pageSize&(m.pageSize-1) != 0:
		return 0, damaged("it has pages of %d bytes", m.pageSize)
	}
	return m.pageSize, nil
}

// bounds checks what the meta page says of the file. The file is made longer
// before a meta page says so (Tx.Commit in tx.go).
func (c *checker) bounds(m *meta) error {
	switch {
	case m.pages > uint64(c.size/m.pageSize):
		return damaged("it has %d bytes, too few for %d pages", c.size, m.pages)
	case m.txid > math.MaxInt64:
		return damaged("there cannot have been %d transactions", m.txid)
	}
	return nil
}
