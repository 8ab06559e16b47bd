package parse

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Docker's driver json-file writes each line of a container as
//
//	{"log":"line\n","stream":"stdout","time":"2006-01-02T15:04:05.999999999Z"}
//
// with "attrs" before the time where labels are logged (moby
// daemon/logger/jsonfilelog/jsonlog). The order of the keys is fixed.
const (
	recordLog  = `{"log":"`
	recordTime = `"time":"`
)

// record returns the line of a container's record. It is written to buf,
// which is returned, where it differs from what the record holds.
func record(b, buf []byte) (line, newBuf []byte, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte(recordLog))
	if !ok {
		return nil, buf, false
	}
	// Most lines have no escape but that of their end.
	i := bytes.IndexByte(b, '\\')
	if i >= 0 && bytes.HasPrefix(b[i:], []byte(`\n",`)) && bytes.IndexByte(b[:i], '"') < 0 {
		return b[:i], buf, true
	}
	buf, ok = unescape(b, buf[:0])
	line = bytes.TrimSuffix(buf, []byte("\n"))
	return line, buf, ok && bytes.IndexByte(line, '\n') < 0
}

// unescape appends a JSON string to buf, up to its closing quote.
func unescape(b, buf []byte) ([]byte, bool) {
	for {
		i := bytes.IndexAny(b, `"\`)
		if i < 0 {
			return buf, false
		}
		buf = append(buf, b[:i]...)
		if b[i] == '"' {
			return buf, len(b) > i+1 && (b[i+1] == ',' || b[i+1] == '}')
		}
		if len(b) < i+2 {
			return buf, false
		}
		c := b[i+1]
		if b = b[i+2:]; c == 'u' {
			r, size := escapedRune(b)
			if size == 0 {
				return buf, false
			}
			buf, b = utf8.AppendRune(buf, r), b[size:]
			continue
		}
		at := bytes.IndexByte([]byte(`"\/bfnrt`), c)
		if at < 0 {
			return buf, false
		}
		buf = append(buf, "\"\\/\b\f\n\r\t"[at])
	}
}

// escapedRune reads what follows "\u", two halves of a pair as one. A half
// alone becomes the replacement character, as in encoding/json. size is 0
// without four hexadecimal digits.
func escapedRune(b []byte) (r rune, size int) {
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if rest, ok := bytes.CutPrefix(b[4:], []byte(`\u`)); ok {
		if low, ok := hex4(rest); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(b []byte) (rune, bool) {
	value, size := hextet(b[:min(len(b), 4)])
	return rune(value), size == 4
}

// recordStamp returns the text of a record's own stamp. It stands at the end,
// where no text of the line can be: there each quote has a backslash.
func recordStamp(b []byte) []byte {
	i := bytes.LastIndex(b, []byte(recordTime))
	if i < 0 || !bytes.HasPrefix(b, []byte(recordLog)) {
		return nil
	}
	text, _, ok := bytes.Cut(b[i+len(recordTime):], []byte(`"`))
	if !ok || len(text) < isoSecond {
		return nil
	}
	return text
}
