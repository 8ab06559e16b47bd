package parse

import "bytes"

// eximFirstPart drops the "[1/2] " or "[1\\2] " that Exim writes to syslog
// before the first part of a long message (Exim src/log.c, write_syslog). What
// the other parts begin with is anybody's text: they stay as they are, and
// nothing that Exim writes begins so.
func eximFirstPart(msg []byte) (first []byte, cut bool) {
	const mark = len("[1/")
	if len(msg) <= mark || msg[0] != '[' || msg[1] != '1' || msg[2] != '/' && msg[2] != '\\' {
		return msg, false
	}
	n := digits(msg[mark:])
	rest, ok := bytes.CutPrefix(msg[mark+n:], []byte("] "))
	if n == 0 || !ok || len(rest) == 0 {
		return msg, false
	}
	return rest, true
}

// eximWhole tells whether a message's first part certainly holds the client's
// address: where a name from HELO stands before it, the address that follows
// may be part of that name, and the rest of it in the next part.
func eximWhole(msg []byte) bool {
	b, ok := bytes.CutPrefix(msg, []byte("["))
	if n := digits(b); ok && n > 0 && bytes.HasPrefix(b[n:], []byte("] ")) { // the process
		msg = b[n+2:]
	}
	i := bytes.IndexByte(msg, '[')
	return i >= 0 && bytes.IndexByte(msg[:i], '(') < 0
}
