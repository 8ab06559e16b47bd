package ingest

import (
	"bytes"
	"io"
)

// cutter reads a log in pieces that end where a line ends.
type cutter struct {
	r io.Reader
	// open is the beginning of a line whose end has not been read.
	open []byte
	read uint64 // bytes
	err  error  // that ended the reading
	cut  *pieces
}

// next returns whole lines, read into buf or a longer buffer, which it returns
// too. Without any text the log has ended, and err says how. The last line
// may lack its end. Of a line longer than DefaultMaxLine there is at least
// one byte more than that.
func (c *cutter) next(buf []byte) (text, used []byte) {
	if len(c.open) >= len(buf) {
		buf = make([]byte, len(c.open)+len(buf))
	}
	n := copy(buf, c.open)
	c.open = c.open[:0]
	for c.err == nil {
		m := c.more(buf[n:])
		n += m
		if end := bytes.LastIndexByte(buf[n-m:n], '\n'); end >= 0 {
			end += n - m + 1
			c.open = append(c.open, buf[end:n]...)
			return buf[:end], buf
		}
		if n < len(buf) {
			continue
		}
		n = dropHole(buf)
		switch {
		case n < len(buf):
		case n <= DefaultMaxLine:
			buf = append(buf, make([]byte, n)...)
		default:
			c.skip(buf[DefaultMaxLine+2:])
			buf[DefaultMaxLine+1] = '\n'
			return buf[:DefaultMaxLine+2], buf
		}
	}
	if len(bytes.TrimLeft(buf[:n], "\x00")) == 0 {
		n = 0 // a hole and nothing else is no line
	}
	return buf[:n], buf
}

// more is one read into buf.
func (c *cutter) more(buf []byte) (n int) {
	n, c.err = c.r.Read(buf)
	c.read += uint64(n) //nolint:gosec // never negative
	return n
}

// dropHole removes the NUL bytes at the start of buf, and returns how much is
// left.
func dropHole(buf []byte) int {
	return copy(buf, bytes.TrimLeft(buf, "\x00"))
}

// skip reads on to the end of the open line, which is over-long, with room in
// buf.
func (c *cutter) skip(buf []byte) {
	for c.err == nil {
		n := c.more(buf)
		if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
			c.open = append(c.open, buf[end+1:n]...)
			return
		}
	}
}
