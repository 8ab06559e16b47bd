package ingest

import "errors"

// frames cuts the stream of one connection into messages, in either way of
// RFC 6587: each with its length before it ("55 <22>…"), or each on its line.
// The first byte settles which, so that no text in a message can.
type frames struct {
	framing byte // 0 before the first byte, then countFraming or lineFraming
	lines   splitter
	// length is what is read of a length, left the bytes of a message still
	// to come.
	length, left int
	carry        []byte
	// full is set once the open message has outgrown maxSyslog, cut counts
	// such messages.
	full bool
	cut  uint64
}

const (
	countFraming byte = iota + 1
	lineFraming
)

var (
	errFraming = errors.New("a message begins neither with its length nor with its priority")
	errLength  = errors.New("the length of a message cannot be read")
)

// maxCount bounds the length that a message may claim; what is beyond
// maxSyslog is passed over.
const maxCount = 1 << 20

// feed hands each message that ends within chunk to emit. The slice that emit
// gets is valid until emit returns.
func (f *frames) feed(chunk []byte, emit func(message []byte)) error {
	if len(chunk) == 0 {
		return nil
	}
	if f.framing == 0 {
		switch c := chunk[0]; {
		case c == '<':
			f.framing, f.lines.max = lineFraming, maxSyslog
		case '1' <= c && c <= '9':
			f.framing = countFraming
		default:
			return errFraming
		}
	}
	if f.framing == countFraming {
		return f.count(chunk, emit)
	}
	f.lines.feed(chunk, func(line []byte) { emitLine(line, emit) })
	return nil
}

// emitLine passes over the empty lines that some senders put between messages.
func emitLine(line []byte, emit func(message []byte)) {
	if len(line) > 0 {
		emit(line)
	}
}

func (f *frames) count(chunk []byte, emit func(message []byte)) error {
	for len(chunk) > 0 {
		if f.left == 0 {
			n, err := f.readLength(chunk)
			if err != nil {
				return err
			}
			chunk = chunk[n:]
			continue
		}
		part := chunk[:min(f.left, len(chunk))]
		chunk = chunk[len(part):]
		f.left -= len(part)
		f.add(part, emit)
	}
	return nil
}

// readLength reads as much of "55 " as is there.
func (f *frames) readLength(chunk []byte) (n int, err error) {
	for i, c := range chunk {
		switch {
		case c == ' ' && f.length > 0:
			f.left, f.length = f.length, 0
			return i + 1, nil
		case c < '0' || c > '9' || c == '0' && f.length == 0:
			return 0, errLength
		}
		if f.length = f.length*10 + int(c-'0'); f.length > maxCount {
			return 0, errLength
		}
	}
	return len(chunk), nil
}

// add takes a part of a message, the last when none is left to come.
func (f *frames) add(part []byte, emit func(message []byte)) {
	if f.left == 0 && len(f.carry) == 0 && len(part) <= maxSyslog {
		emit(part)
		return
	}
	room := maxSyslog - len(f.carry)
	f.carry = append(f.carry, part[:min(room, len(part))]...)
	if len(part) > room && !f.full {
		f.full = true
		f.cut++
	}
	if f.left == 0 {
		emit(f.carry)
		f.carry, f.full = f.carry[:0], false
	}
}

// open tells whether a message has begun and not ended.
func (f *frames) open() bool { return f.left > 0 || f.length > 0 || f.lines.pending > 0 }

// long counts the messages of which only the beginning was kept.
func (f *frames) long() uint64 { return f.cut + f.lines.long }

// end is the connection's end. A last line without its end counts where the
// sender has ended the connection himself; of any other message too little is
// known. It is false when something was thrown away.
func (f *frames) end(clean bool, emit func(message []byte)) bool {
	if clean && f.framing == lineFraming {
		f.lines.flush(emit)
	}
	return !f.open()
}
