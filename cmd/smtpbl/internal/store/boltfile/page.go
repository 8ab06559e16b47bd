package boltfile

import (
	"bytes"
	"encoding/binary"
)

const (
	elementLen = 16
	// maxKey is bbolt's MaxKeySize.
	maxKey = 32 << 10
)

// page is a branch or a leaf that is being read.
type page struct {
	c     *checker
	id    uint64
	flags uint16
	count int
	at    int64 // where it begins in the file
	size  int64
	front []byte // its first bytes: all of most, but of one with a large value
	next  int64  // where the next key begins
}

// element is one of a page: of a branch with child, of a leaf with flags and a
// value.
type element struct {
	key   []byte
	child uint64
	flags uint32
	value int64 // where it begins in the page
	size  int64
}

// bytes returns n bytes of the page from a place on.
func (p *page) bytes(from, n int64) ([]byte, error) {
	if n < 0 || from < 0 || from+n > p.size {
		return nil, damaged("page %d ends before byte %d", p.id, from+n)
	}
	if from+n <= int64(len(p.front)) {
		return p.front[from : from+n], nil
	}
	b := make([]byte, n)
	return b, p.c.read(b, p.at+from)
}

// begin sets where the first key must lie (WriteInodeToPage in inode.go).
func (p *page) begin() { p.next = headerLen + elementLen*int64(p.count) }

// element reads the i-th element, whose key must follow upon what was before.
func (p *page) element(i int) (e element, err error) {
	from := headerLen + elementLen*int64(i)
	b, err := p.bytes(from, elementLen)
	if err != nil {
		return e, err
	}
	u32 := binary.NativeEndian.Uint32
	var pos, ksize int64
	if p.flags == branchFlag {
		pos, ksize, e.child = int64(u32(b)), int64(u32(b[4:])), binary.NativeEndian.Uint64(b[8:])
	} else {
		e.flags, pos, ksize, e.size = u32(b), int64(u32(b[4:])), int64(u32(b[8:])), int64(u32(b[12:]))
	}
	if from+pos != p.next || ksize == 0 || ksize > maxKey {
		return e, damaged("element %d of page %d has a key of %d bytes at %d", i, p.id, ksize, from+pos)
	}
	e.value = p.next + ksize
	p.next = e.value + e.size
	if p.next > p.size {
		return e, damaged("element %d of page %d ends at %d of %d bytes", i, p.id, p.next, p.size)
	}
	e.key, err = p.bytes(e.value-ksize, ksize)
	return e, err
}

// span are the keys that a page may have. low is its first: a branch and its
// child agree on that, or node.rebalance in node.go would not find the child
// again. All are below high. nil is no bound.
type span struct{ low, high []byte }

func (s span) has(i int, key []byte) bool {
	if i == 0 && s.low != nil && !bytes.Equal(key, s.low) {
		return false
	}
	return s.high == nil || bytes.Compare(key, s.high) < 0
}

// each calls f with the elements in their order, and checks that of their keys.
// The element is used again for the next one.
func (p *page) each(s span, f func(i int, e *element) error) error {
	p.begin()
	var last []byte
	var e element
	for i := range p.count {
		var err error
		if e, err = p.element(i); err != nil {
			return err
		}
		if !s.has(i, e.key) || i > 0 && bytes.Compare(last, e.key) >= 0 {
			return damaged("the keys of page %d are not in order", p.id)
		}
		last = e.key
		if err := f(i, &e); err != nil {
			return err
		}
	}
	return nil
}
