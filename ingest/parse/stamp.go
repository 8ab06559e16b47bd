package parse

import (
	"bytes"
	"time"
)

// The lengths of a stamp up to the second: "Jan _2 15:04:05" and
// "2006-01-02T15:04:05".
const (
	traditional = 15
	isoSecond   = 19
)

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// slack is how far a stamp may lie after ref: a file is still written to, its
// zone may be another than the reader's, and clocks differ.
const slack = 24 * time.Hour

// Stamp returns the line's own time. The traditional stamp has neither year
// nor zone: loc is its zone, and the year is the one that puts it latest but
// not more than a day after ref, the time the file ended.
func Stamp(line []byte, ref time.Time, loc *time.Location) (time.Time, bool) {
	text, fraction, zone, ok := splitStamp(line)
	if !ok {
		return time.Time{}, false
	}
	t, ok := second(text, zone, ref, loc)
	return t.Add(fraction), ok
}

// splitStamp separates the text of the whole second, the fraction and the
// text of the zone, which the traditional stamp and TAI64N lack.
func splitStamp(line []byte) (text []byte, fraction time.Duration, zone []byte, ok bool) {
	var stamp []byte
	if end := stampEnd(line); end != 0 {
		stamp = line[:end-1]
	} else if stamp = wrappedStamp(line); stamp == nil {
		return nil, 0, nil, false
	}
	size := isoSecond
	switch {
	case stamp[0] == '@':
		return splitTAI64N(stamp)
	case stamp[0] >= 'A':
		size = min(len(stamp), traditional)
	}
	text, zone = stamp[:size], stamp[size:]
	if len(zone) > 0 && (zone[0] == '.' || zone[0] == ',') {
		fraction, zone = nanoseconds(zone[1:])
	}
	if len(zone) > 0 && zone[0] == ' ' {
		zone = zone[1:]
	}
	return text, fraction, zone, true
}

// wrappedStamp returns the text of a stamp that does not stand first, or is of
// a rarer kind, nil without one.
func wrappedStamp(line []byte) []byte {
	if len(line) > 0 && line[0] == '{' {
		return recordStamp(line)
	}
	inner, _ := unwrap(line)
	if end := max(stampEnd(inner), tai64nEnd(inner)); end != 0 {
		return inner[:end-1]
	}
	return nil
}

func nanoseconds(b []byte) (d time.Duration, rest []byte) {
	i, unit := 0, time.Second/10
	for ; i < len(b) && digit(b[i]); i++ {
		d += time.Duration(b[i]-'0') * unit
		unit /= 10
	}
	return d, b[i:]
}

// lastYear is the last that a stamp may be of. What is reckoned from it, such as
// the end of a ban, still has a year of four digits, as JSON wants it.
const lastYear = 8999

func second(text, zone []byte, ref time.Time, loc *time.Location) (time.Time, bool) {
	var t time.Time
	var ok bool
	switch {
	case len(text) == isoSecond:
		t, ok = isoTime(text, zone, loc)
	case text[0] == '@':
		t, ok = tai64Time(text)
	case len(zone) == 0:
		t, ok = traditionalTime(text, ref, loc)
	}
	return t, ok && t.Year() <= lastYear
}

// stampEnd returns where the text after the stamp begins, 0 without a stamp.
func stampEnd(b []byte) int {
	if len(b) < 24 {
		return 0
	}
	if b[0] >= 'A' {
		return traditionalEnd(b)
	}
	// rsyslog's own form has six digits and an offset.
	if len(b) > 32 && b[32] == ' ' && (b[26] == '+' || b[26] == '-') && b[19] == '.' && b[10] == 'T' && b[16] == ':' {
		return 33
	}
	if b[4] != '-' || b[10] != 'T' && b[10] != ' ' || b[16] != ':' {
		return 0
	}
	if i := bytes.IndexByte(b[isoSecond:min(len(b), 40)], ' '); i >= 0 {
		return isoSecond + i + 1 + eximZone(b, isoSecond+i+1)
	}
	return 0
}

// eximZone returns the length of the zone at b[at:]. Exim's log_timezone puts
// a blank before it.
func eximZone(b []byte, at int) int {
	const size = len("+0200 ")
	if b[10] != ' ' || len(b) < at+size || b[at] != '+' && b[at] != '-' || digits(b[at+1:at+5]) < 4 || b[at+5] != ' ' {
		return 0
	}
	return size
}

// traditionalEnd also knows the fraction of journalctl's short-precise, and
// the one-digit day that lost its blank on the way through a web page or a
// mail.
func traditionalEnd(b []byte) int {
	switch {
	case b[3] == ' ' && b[6] == ' ' && b[9] == ':' && b[12] == ':' && b[15] == ' ':
		return traditional + 1
	case b[3] == ' ' && b[5] == ' ' && b[8] == ':' && b[11] == ':' && b[14] == ' ':
		return traditional
	case b[3] == ' ' && b[6] == ' ' && b[9] == ':' && b[12] == ':' && b[15] == '.':
		return fractionEnd(b)
	}
	return 0
}

func fractionEnd(b []byte) int {
	const point = traditional
	end := point + 1 + digits(b[point+1:])
	if end == point+1 || end > point+10 || end >= len(b) || b[end] != ' ' {
		return 0
	}
	return end + 1
}

// clock reads "15:04:05"; a second may be a leap second.
func clock(b []byte) (h, m, s int, ok bool) {
	h, ok = two(b)
	m, ok1 := two(b[3:])
	s, ok2 := two(b[6:])
	return h, m, s, ok && ok1 && ok2 && h < 24 && m < 60 && s <= 60
}

func traditionalTime(b []byte, ref time.Time, loc *time.Location) (time.Time, bool) {
	i := bytes.Index([]byte(months), b[:3])
	day, ok := two(b[len(b)-len("_2 15:04:05"):])
	h, m, s, ok1 := clock(b[len(b)-len("15:04:05"):])
	if i < 0 || i%3 != 0 || !ok || !ok1 {
		return time.Time{}, false
	}
	last := ref.Add(slack)
	// Eight years back finds a leap day even across the year 2100.
	for year := last.In(loc).Year(); year >= last.Year()-8; year-- {
		t := time.Date(year, time.Month(i/3+1), day, h, m, s, 0, loc)
		// A leap day of another year would become the first of March.
		if t.Month() == time.Month(i/3+1) && !t.After(last) {
			return t, day > 0
		}
	}
	return time.Time{}, false
}

// isoTime reads RFC 3339 and what resembles it: journalctl's short-iso, whose
// offset has no colon, and Dovecot's own log, which may have a blank for the T
// and no offset.
func isoTime(b, offset []byte, loc *time.Location) (time.Time, bool) {
	c, ok0 := two(b)
	y, ok1 := two(b[2:])
	mo, ok2 := two(b[5:])
	d, ok3 := two(b[8:])
	h, mi, s, ok4 := clock(b[11:])
	east, ok5 := zone(offset)
	if !ok0 || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || mo < 1 || mo > 12 || d < 1 {
		return time.Time{}, false
	}
	if len(offset) > 0 {
		loc = time.UTC
	}
	t := time.Date(c*100+y, time.Month(mo), d, h, mi, s, 0, loc)
	return t.Add(-east), t.Month() == time.Month(mo) || s == 60
}

// zone reads "Z", "+02:00", "+0200" and nothing as the time by which it is
// ahead.
func zone(b []byte) (time.Duration, bool) {
	if len(b) == 0 || string(b) == "Z" {
		return 0, true
	}
	if len(b) < 5 || len(b) > 6 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok := two(b[1:])
	minutes, colon := bytes.CutPrefix(b[3:], []byte(":"))
	m, ok1 := two(minutes)
	east := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '-' {
		east = -east
	}
	return east, ok && ok1 && colon == (len(b) == 6)
}

// two reads two digits, the first of which may be a blank.
func two(b []byte) (int, bool) {
	if len(b) < 2 || b[0] != ' ' && !digit(b[0]) || !digit(b[1]) {
		return 0, false
	}
	return int(b[0]&0xf)*10 + int(b[1]-'0'), true
}
