package parse

import "time"

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// Stamp returns the line's own time. The traditional stamp has neither year
// nor zone: loc is its zone, and the year is the one that puts it latest but
// not more than a day after ref, the time the file ended.
func Stamp(line []byte, ref time.Time, loc *time.Location) (time.Time, bool) {
	if stampEnd(line) == 0 {
		return time.Time{}, false
	}
	if line[0] < 'A' {
		return isoStamp(line)
	}
	month := 0
	for m := range 12 {
		if string(line[:3]) == months[3*m:3*m+3] {
			month = m + 1
		}
	}
	day, ok := two(line[4:])
	h, ok1 := two(line[7:])
	m, ok2 := two(line[10:])
	s, ok3 := two(line[13:])
	if month == 0 || !ok || !ok1 || !ok2 || !ok3 {
		return time.Time{}, false
	}
	last := ref.Add(24 * time.Hour)
	// Eight years back finds a leap day even across the year 2100.
	for year := last.In(loc).Year(); year >= last.Year()-8; year-- {
		t := time.Date(year, time.Month(month), day, h, m, s, 0, loc)
		if t.Day() == day && !t.After(last) {
			return t, true
		}
	}
	return time.Time{}, false
}

// isoStamp reads RFC 3339 and journalctl's short-iso, whose offset has no
// colon.
func isoStamp(b []byte) (time.Time, bool) {
	c, ok0 := two(b)
	y, ok1 := two(b[2:])
	mo, ok2 := two(b[5:])
	d, ok3 := two(b[8:])
	h, ok4 := two(b[11:])
	mi, ok5 := two(b[14:])
	s, ok6 := two(b[17:])
	if !ok0 || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return time.Time{}, false
	}
	b = b[19:]
	nanos := 0
	if b[0] == '.' {
		unit := 100_000_000
		for b = b[1:]; len(b) > 0 && digit(b[0]); b = b[1:] {
			nanos += int(b[0]-'0') * unit
			unit /= 10
		}
	}
	offset, ok := zone(b)
	t := time.Date(c*100+y, time.Month(mo), d, h, mi, s, nanos, time.UTC)
	return t.Add(-offset), ok && t.Day() == d && t.Month() == time.Month(mo)
}

func zone(b []byte) (time.Duration, bool) {
	if len(b) > 0 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) < 6 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok := two(b[1:])
	rest := b[3:]
	if rest[0] == ':' {
		rest = rest[1:]
	}
	m, ok1 := two(rest)
	off := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '-' {
		off = -off
	}
	return off, ok && ok1
}

// two reads two digits, the first of which may be a blank.
func two(b []byte) (int, bool) {
	if len(b) < 2 || b[0] != ' ' && !digit(b[0]) || !digit(b[1]) {
		return 0, false
	}
	return int(b[0]&0xf)*10 + int(b[1]-'0'), true
}
