package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// silent tells at a glance a line that says nothing about a login, where that
// can be seen from its first words. Such lines are the better half of a mail
// log, and only detectors might want them. A line that looks unusual in any
// way is not silent: it takes the long way and may turn out to be no event
// there.
func silent(line []byte) bool {
	at := stampEnd(line)
	if at == 0 || line[10] == ' ' { // Exim's own log has a blank there
		return false
	}
	rest := line[at:]
	host := blank(rest)
	if host < 1 || ownLog(rest[:host]) {
		return false
	}
	const longest = len("postfix/cleanup[")
	rest = rest[host+1:]
	if len(rest) < longest {
		return false
	}
	switch binary.LittleEndian.Uint64(rest) {
	case postfixSlash:
		return silentPostfix(rest[len("postfix/"):])
	case dovecotColon:
		return silentDovecot(rest[len("dovecot:"):])
	}
	return false
}

// Beginnings of eight bytes, to be compared as one number.
var (
	postfixSlash = binary.LittleEndian.Uint64([]byte("postfix/"))
	dovecotColon = binary.LittleEndian.Uint64([]byte("dovecot:"))
)

// silentPostfix tells the daemons that know no logins, and what smtpd says of
// a client that connects: see there.
func silentPostfix(b []byte) bool {
	switch b[0] {
	case 'q':
		return string(b[:5]) == "qmgr["
	case 'c':
		return string(b[:8]) == "cleanup["
	case 'l':
		return string(b[:5]) == "lmtp[" || string(b[:6]) == "local["
	case 's':
		if string(b[:6]) != "smtpd[" {
			return string(b[:5]) == "smtp["
		}
		b = b[6:]
		b = b[digits(b):]
		return len(b) > 3 && string(b[:4]) == "]: c"
	}
	return false
}

// silentDovecot tells the processes that have a user already.
func silentDovecot(b []byte) bool {
	switch string(b[:6]) {
	case " lmtp(", " imap(", " pop3(":
		return true
	}
	return false
}

// blank is bytes.IndexByte(b, ' ') for a blank that mostly comes within the
// first eight bytes, where a call takes longer than the search.
func blank(b []byte) int {
	const ones = 0x0101010101010101
	const blanks = ' ' * ones
	if len(b) >= 8 {
		// The lowest byte that is zero gets its high bit; only bytes above it
		// may get one wrongly (Warren, Hacker's Delight, section 6-1).
		v := binary.LittleEndian.Uint64(b) ^ blanks
		if zero := (v - ones) &^ v & (0x80 * ones); zero != 0 {
			return bits.TrailingZeros64(zero) / 8
		}
	}
	return bytes.IndexByte(b, ' ')
}
