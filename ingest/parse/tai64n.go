package parse

import (
	"strconv"
	"time"
)

// TAI64N is "@" and 24 hexadecimal digits: seconds, then nanoseconds. multilog
// and its like write it.
const (
	taiSecond = len("@") + 16
	tai64n    = taiSecond + 8
	// taiEpoch is the second 1970-01-01 00:00:00 UTC. Those programs take the
	// clock's second and add this, whatever leap seconds there were (libtai
	// taia_now.c).
	taiEpoch = 1<<62 + 10
)

// tai64nEnd returns where the text after the stamp begins, 0 without one.
func tai64nEnd(b []byte) int {
	if len(b) <= tai64n || b[0] != '@' || b[tai64n] != ' ' {
		return 0
	}
	for _, c := range b[1:tai64n] {
		if !digit(c) && (c < 'a' || c > 'f') {
			return 0
		}
	}
	return tai64n + 1
}

// splitTAI64N is splitStamp for that kind.
func splitTAI64N(stamp []byte) (text []byte, fraction time.Duration, zone []byte, ok bool) {
	n, err := strconv.ParseUint(string(stamp[taiSecond:]), 16, 32)
	return stamp[:taiSecond], time.Duration(n), nil, err == nil && n < uint64(time.Second)
}

func tai64Time(text []byte) (time.Time, bool) {
	n, err := strconv.ParseUint(string(text[1:]), 16, 64)
	return time.Unix(int64(n-taiEpoch), 0).UTC(), err == nil && n >= taiEpoch && n < taiEpoch+1<<40
}
