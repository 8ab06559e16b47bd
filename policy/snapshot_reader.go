package policy

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// snapshotReader takes a snapshot apart while it streams by: of one with a
// million records, a few kilobytes are in memory. What is not whole sets failed.
type snapshotReader struct {
	in     *bufio.Reader
	body   *summedReader
	failed error
}

// readSnapshot begins with the header; the checksum at the end is no part of
// what is read.
func readSnapshot(in io.ReadSeeker) (*snapshotReader, error) {
	size, err := in.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = in.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	body := &summedReader{in: io.LimitReader(in, max(size-sumLen, 0))}
	return &snapshotReader{in: bufio.NewReaderSize(body, flushAt), body: body}, nil
}

// summedReader sums up what is read through it.
type summedReader struct {
	in  io.Reader
	sum uint32
}

func (r *summedReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.sum = crc32.Update(r.sum, castagnoli, b[:n])
	return n, err
}

// take returns the next n bytes, which stay until the next take.
func (r *snapshotReader) take(n int) []byte {
	if r.failed == nil {
		b, err := r.in.Peek(n)
		if err == nil {
			_, err = r.in.Discard(n)
		}
		if err == nil {
			return b
		}
		r.fail(err)
	}
	return make([]byte, n)
}

func (r *snapshotReader) skip(n int) {
	if r.failed != nil {
		return
	}
	if _, err := r.in.Discard(n); err != nil {
		r.fail(err)
	}
}

func (r *snapshotReader) fail(err error) {
	if err == io.EOF { //nolint:errorlint // as bufio has it from us
		err = errDamaged
	}
	r.failed = err
}

func (r *snapshotReader) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// snapshotHeader is what stands before the records.
type snapshotHeader struct {
	start      int64 // in Unix seconds
	unreliable Witness
	secret     uint64
	records    uint32
}

func (r *snapshotReader) header() (h snapshotHeader) {
	b := r.take(headerLen)
	if r.failed != nil || string(b[:len(magic)]) != magic {
		r.failed = errNoSnapshot
		return h
	}
	b = b[len(magic):]
	return snapshotHeader{
		start: int64(binary.LittleEndian.Uint64(b)), unreliable: Witness(binary.LittleEndian.Uint16(b[8:])),
		secret: binary.LittleEndian.Uint64(b[10:]), records: binary.LittleEndian.Uint32(b[18:]),
	}
}

// check reads all of a snapshot and tells whether it is whole: records and
// tables fill it exactly, and the checksum that follows in in is theirs.
func (r *snapshotReader) check(in io.Reader) error {
	for left := r.header().records; left > 0 && r.failed == nil; left-- {
		b := r.take(recordLen)
		if of := kind(b[0]); r.failed == nil && of != ofHost && of != ofSpared {
			return errDamaged
		}
		r.skip(entryLen * int(binary.LittleEndian.Uint16(b[recordLen-2:])))
	}
	for range 3 {
		r.spread(func(uint32, uint32, *stored) {})
	}
	r.logins(func(uint32, uint32, login) {})
	if r.failed != nil {
		return r.failed
	}
	if _, err := r.in.ReadByte(); err == nil {
		return errDamaged
	}
	var sum [sumLen]byte
	if _, err := io.ReadFull(in, sum[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(sum[:]) != r.body.sum {
		return errDamaged
	}
	return nil
}
