package ingest

import (
	"context"
	"errors"
	"io"
	"os"
)

// predecessor is a rotated file that is open for reading.
type predecessor struct {
	path string
	rc   io.ReadCloser
	// plain is rc where the file is not compressed, else nil; id is its
	// identity, zero where it is compressed.
	plain *os.File
	id    fileID
	// head are the first bytes, unpacked. They are read from rc already.
	head []byte
}

// openPredecessor opens the rotated log at path and reads its head. What a
// short or damaged file has is enough to know it by.
func openPredecessor(path string) (*predecessor, error) {
	rc, err := Open(path)
	if err != nil {
		return nil, err
	}
	p := &predecessor{path: path, rc: rc, head: make([]byte, headLen)}
	if file, ok := rc.(*os.File); ok {
		info, err := file.Stat()
		if err != nil {
			p.close()
			return nil, err
		}
		p.plain, p.id = file, idOf(info)
	}
	n, err := io.ReadFull(rc, p.head)
	if p.head = p.head[:n]; n == 0 && !errors.Is(err, io.EOF) {
		p.close()
		return nil, err
	}
	return p, nil
}

// close closes the file.
func (p *predecessor) close() {
	_ = p.rc.Close() // read only: nothing can be lost
}

// predecessor hands over a rotated file from offset to its end, its
// unterminated last line included, and returns up to where.
func (d *delivery) predecessor(ctx context.Context, p *predecessor, offset int64, live bool, maxLine int) (at int64, err error) {
	if len(p.head) == 0 {
		return 0, nil
	}
	s := splitter{max: maxLine}
	at = int64(len(p.head))
	if offset < at {
		d.chunk(&s, p.head[offset:], live)
		d.handler.Done(d.position(p.head, at-s.pending))
	} else if err = skip(p.rc, offset-at); err == nil {
		at = offset
	}
	for err == nil && ctx.Err() == nil {
		var n int
		n, err = p.rc.Read(d.buf)
		at += int64(n)
		if n > 0 {
			d.chunk(&s, d.buf[:n], live)
			d.handler.Done(d.position(p.head, at-s.pending))
		}
	}
	if ctx.Err() != nil {
		return at, nil
	}
	d.flush(&s, live)
	d.handler.Done(d.position(p.head, at))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return at, err
}

// skip passes over n bytes of r, by a seek where r can.
func skip(r io.Reader, n int64) error {
	if n == 0 {
		return nil
	}
	if seeker, ok := r.(io.Seeker); ok {
		_, err := seeker.Seek(n, io.SeekCurrent)
		return err
	}
	_, err := io.CopyN(io.Discard, r, n)
	return err
}
