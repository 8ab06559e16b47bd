// Package boltfile tells whether a file is a whole bbolt database. bbolt maps
// its file into memory and takes offsets out of it for pointers: one flipped bit
// can kill the process in a way that nothing recovers from. So a file is
// checked before bbolt gets it, with reads whose bounds are checked.
//
// The format is that of go.etcd.io/bbolt v1.5.0: internal/common/{meta,page,
// bucket,inode}.go lay it out, internal/freelist/shared.go the free list, node.go
// and bucket.go say what is written. A file is a row of pages of one size.
//
//	page     8 its number, 2 flags, 2 count, 4 pages that it has beside the first
//	meta     pages 0 and 1, in turns: 4 magic, 4 version, 4 page size, 4 flags, 8 root,
//	         8 sequence, 8 free list, 8 pages in use, 8 transaction, 8 FNV-1a of that
//	free     8 the number of each free page; where they are 65,535 or more, how many first
//	branch   4 where its key lies, 4 length of that, 8 page, for each; then the keys
//	leaf     4 flags, 4 where, 4 length of the key, 4 of the value; then keys and values
//	bucket   the value of a leaf with flag 1: 8 root page, 8 sequence, and where the root
//	         is 0 the only page of the bucket
//
// Numbers are in the byte order of the machine. What a page holds follows
// without gaps upon its elements. Values are not looked at, and neither is what
// a crash left behind: pages that nothing refers to, and a meta page that was
// written in part while the other is whole.
package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrDamaged means that bbolt has not written the file so.
var ErrDamaged = errors.New("the database file is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}

const (
	headerLen = 16

	branchFlag   = 0x01
	leafFlag     = 0x02
	metaFlag     = 0x04
	freelistFlag = 0x10

	// firstPage is the first that is no meta page.
	firstPage = 2
)

// checker goes through a file once. It keeps a bit for each page, and one piece
// of memory for each level of the tree.
type checker struct {
	file  io.ReaderAt
	size  int64
	meta  meta
	taken bitmap // pages that are free, or that something refers to
	rooms [maxDepth][]byte
}

// Check reads a file of size bytes that is not empty. What could not be read is
// the system's error, everything else ErrDamaged.
func Check(file io.ReaderAt, size int64) error {
	c := &checker{file: file, size: size}
	var err error
	if c.meta, err = c.chooseMeta(); err != nil {
		return err
	}
	c.taken = newBitmap(c.meta.pages)
	if err := c.freelist(); err != nil {
		return err
	}
	return c.bucket(c.meta.root, tree{top: true})
}

// read fills b from a place in the file.
func (c *checker) read(b []byte, at int64) error {
	n, err := c.file.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return damaged("it ends before byte %d", at+int64(len(b)))
	}
	return fmt.Errorf("read %d bytes at %d: %w", len(b), at, err)
}

// header is how a page begins.
type header struct {
	id       uint64
	flags    uint16
	count    uint16
	overflow uint32
}

func headerOf(b []byte) header {
	return header{
		id:       binary.NativeEndian.Uint64(b),
		flags:    binary.NativeEndian.Uint16(b[8:]),
		count:    binary.NativeEndian.Uint16(b[10:]),
		overflow: binary.NativeEndian.Uint32(b[12:]),
	}
}

// open reads the beginning of a page into b, and claims the page with all that
// belongs to it. It returns where it begins and how long it is.
func (c *checker) open(id uint64, b []byte) (h header, at, size int64, err error) {
	if id < firstPage || id >= c.meta.pages {
		return h, 0, 0, damaged("page %d is not among its %d pages", id, c.meta.pages)
	}
	at = int64(id) * c.meta.pageSize
	if err := c.read(b, at); err != nil {
		return h, 0, 0, err
	}
	h = headerOf(b)
	if h.id != id {
		return h, 0, 0, damaged("page %d calls itself %d", id, h.id)
	}
	if uint64(h.overflow) >= c.meta.pages-id {
		return h, 0, 0, damaged("page %d with %d more goes beyond its %d pages", id, h.overflow, c.meta.pages)
	}
	for i := range uint64(h.overflow) + 1 {
		if !c.taken.set(id + i) {
			return h, 0, 0, damaged("page %d is used twice", id+i)
		}
	}
	return h, at, (int64(h.overflow) + 1) * c.meta.pageSize, nil
}

// bitmap holds a bit for each page.
type bitmap []uint64

func newBitmap(n uint64) bitmap { return make(bitmap, n/64+1) }

// set sets a bit, and tells whether it was not set.
func (m bitmap) set(i uint64) bool {
	bit := uint64(1) << (i % 64)
	was := m[i/64]&bit != 0
	m[i/64] |= bit
	return !was
}
