package boltfile

import "encoding/binary"

const (
	// maxDepth bounds the levels of pages one below the other, in all buckets
	// that lie in each other. A tree of this height with two children on each
	// page would have more pages than fit on any disk.
	maxDepth = 48

	bucketFlag = 0x01
	bucketLen  = 16
)

// tree is where in the file's trees a page lies.
type tree struct {
	top   bool // of the root bucket, which holds buckets alone
	depth int
	leafs *int // at which depth the leaves of this bucket lie; 0 is not known yet
	child bool // of a branch: not the bucket's root
	keys  span
}

// bucket checks the tree of a bucket.
func (c *checker) bucket(root uint64, t tree) error {
	return c.page(root, tree{top: t.top, depth: t.depth, leafs: new(int)})
}

// page checks a page and all below it.
func (c *checker) page(id uint64, t tree) error {
	if t.depth == maxDepth {
		return damaged("page %d is %d levels deep", id, t.depth)
	}
	if c.rooms[t.depth] == nil {
		c.rooms[t.depth] = make([]byte, c.meta.pageSize)
	}
	front := c.rooms[t.depth]
	h, at, size, err := c.open(id, front)
	if err != nil {
		return err
	}
	p := &page{c: c, id: id, flags: h.flags, count: int(h.count), at: at, size: size, front: front}
	switch {
	case h.flags == branchFlag && h.count > 0:
		err = p.branch(t)
	case h.flags == leafFlag && (h.count > 0 || !t.child):
		if err := t.level(); err != nil {
			return err
		}
		err = p.leaf(t)
	default:
		return damaged("page %d has flags %#x and %d elements", id, h.flags, h.count)
	}
	if err != nil {
		return err
	}
	// A node gets as many pages as it needs (node.spill in node.go).
	if size-p.next >= c.meta.pageSize {
		return damaged("page %d has %d bytes for %d", id, size, p.next)
	}
	return nil
}

// level checks that all leaves of a bucket lie at the same depth.
func (t tree) level() error {
	if *t.leafs == 0 {
		*t.leafs = t.depth + 1
	}
	if *t.leafs != t.depth+1 {
		return damaged("leaves lie at depths %d and %d", *t.leafs, t.depth+1)
	}
	return nil
}

// branch checks a branch: each child begins with its key, and ends before that of
// the next.
func (p *page) branch(t tree) error {
	below := func(e *element, high []byte) error {
		return p.c.page(e.child, tree{top: t.top, depth: t.depth + 1, leafs: t.leafs, child: true, keys: span{e.key, high}})
	}
	var last element
	err := p.each(t.keys, func(i int, e *element) error {
		before := last
		last = *e
		if i == 0 {
			return nil
		}
		return below(&before, e.key)
	})
	if err != nil {
		return err
	}
	return below(&last, t.keys.high)
}

// leaf checks a leaf and the buckets in it.
func (p *page) leaf(t tree) error {
	return p.each(t.keys, func(i int, e *element) error {
		switch {
		case e.flags == bucketFlag:
			return p.bucket(e, t)
		case e.flags != 0 || t.top:
			return damaged("element %d of page %d has flags %#x", i, p.id, e.flags)
		}
		return nil
	})
}

// bucket checks the bucket whose header is the value of an element.
func (p *page) bucket(e *element, t tree) error {
	if e.size < bucketLen || e.size > p.c.meta.pageSize {
		return damaged("page %d has a bucket of %d bytes", p.id, e.size)
	}
	b, err := p.bytes(e.value, e.size)
	if err != nil {
		return err
	}
	if root := binary.NativeEndian.Uint64(b); root != 0 {
		if e.size != bucketLen {
			return damaged("page %d has a bucket of %d bytes with a page %d", p.id, e.size, root)
		}
		return p.c.bucket(root, tree{depth: t.depth + 1})
	}
	return p.c.inline(p.id, b[bucketLen:])
}

// inline checks the page of a bucket that is small enough to lie in the value
// (Bucket.inlineable in bucket.go). There are no buckets in it.
func (c *checker) inline(in uint64, b []byte) error {
	if len(b) < headerLen {
		return damaged("page %d has a bucket without a page", in)
	}
	h := headerOf(b)
	if h.id != 0 || h.flags != leafFlag || h.overflow != 0 {
		return damaged("page %d has a bucket with a page %d, flags %#x", in, h.id, h.flags)
	}
	p := &page{c: c, id: in, flags: leafFlag, count: int(h.count), size: int64(len(b)), front: b}
	err := p.each(span{}, func(i int, e *element) error {
		if e.flags != 0 {
			return damaged("element %d of a bucket in page %d has flags %#x", i, in, e.flags)
		}
		return nil
	})
	if err == nil && p.next != p.size {
		err = damaged("page %d has a bucket of %d bytes for %d", in, p.size, p.next)
	}
	return err
}
