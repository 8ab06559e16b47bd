package ingest

import "bytes"

// DefaultMaxLine is how many bytes of one line are kept where nothing else
// is configured. Postfix and rsyslog cut lines at 8 KiB and below; what is
// longer is noise or an attempt to make the reader eat memory.
const DefaultMaxLine = 1 << 20

// splitter cuts a stream that arrives in chunks into lines. It holds back at
// most max bytes, whatever comes.
type splitter struct {
	max int
	// carry is the beginning of a line whose end has not come yet.
	carry []byte
	// pending counts the bytes fed since the last line end, kept or not: the
	// distance from the next read back to the start of the open line.
	pending int64
	// full is set once the open line has outgrown max.
	full bool
	// long counts lines of which only the first max bytes were kept.
	long uint64
}

// feed hands each line that ends within chunk to emit. The slice that emit
// gets is valid until emit returns.
func (s *splitter) feed(chunk []byte, emit func(line []byte)) {
	for len(chunk) > 0 {
		end := bytes.IndexByte(chunk, '\n')
		if end < 0 {
			s.pending += int64(len(chunk))
			s.keep(chunk)
			return
		}
		if s.pending == 0 && end <= s.max && chunk[0] != 0 {
			emit(chunk[:end])
		} else {
			s.keep(chunk[:end])
			s.emitCarry(emit)
		}
		chunk = chunk[end+1:]
	}
}

// keep adds part to the open line as far as there is room. NUL bytes at a
// line's start are the hole that a writer without O_APPEND leaves behind when
// its file is truncated; they are no part of the line.
func (s *splitter) keep(part []byte) {
	if len(s.carry) == 0 {
		part = bytes.TrimLeft(part, "\x00")
	}
	if room := s.max - len(s.carry); len(part) > room {
		part = part[:room]
		if !s.full {
			s.full = true
			s.long++
		}
	}
	s.carry = append(s.carry, part...)
}

// emitCarry hands the open line over as complete and starts the next one.
func (s *splitter) emitCarry(emit func(line []byte)) {
	emit(s.carry)
	s.reset()
}

// flush hands over a last line that has no end, if there is one.
func (s *splitter) flush(emit func(line []byte)) {
	if len(s.carry) > 0 {
		s.emitCarry(emit)
	}
	s.reset()
}

// reset forgets the open line. A buffer that one huge line has blown up is
// given back, so that a source does not stay big for ever.
func (s *splitter) reset() {
	if cap(s.carry) > 64<<10 {
		s.carry = nil
	}
	s.carry = s.carry[:0]
	s.pending = 0
	s.full = false
}
