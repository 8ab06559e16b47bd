package ingest

import "bytes"

// stampEnd returns where the text behind the stamp at the start of b begins, 0
// where there is no stamp: "Nov 24 10:00:00 " or one of RFC 3339.
func stampEnd(b []byte) int {
	const traditional = len("Nov 24 10:00:00 ")
	const second = len("2026-11-24T10:00:00")
	// Microseconds, an offset and a blank may follow the seconds.
	const longest = second + len(".000000000+00:00 ")
	if len(b) >= traditional && b[3] == ' ' && b[6] == ' ' && b[9] == ':' && b[12] == ':' && b[15] == ' ' {
		return traditional
	}
	if len(b) <= second || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0
	}
	if i := bytes.IndexByte(b[second:min(len(b), longest)], ' '); i >= 0 {
		return second + i + 1
	}
	return 0
}

// splitTag separates "program[pid]"; the bracket at the end may have been cut
// off.
func splitTag(b []byte) (tag, pid []byte) {
	i := bytes.LastIndexByte(b, '[')
	if i < 0 {
		return b, nil
	}
	pid = bytes.TrimSuffix(b[i+1:], []byte("]"))
	for _, c := range pid {
		if c < '0' || c > '9' {
			return b, nil
		}
	}
	return b[:i], pid
}

// containerLine takes a line that a container's engine has put in the journal.
// What a syslog daemon or a mail server in the container wrote with a stamp is
// a line like that of a log file; otherwise "program[pid]: text" is taken
// apart here.
func containerLine(line []byte) (tag, pid, text []byte) {
	if stampEnd(line) > 0 {
		return nil, nil, line
	}
	word, rest := nextWord(line)
	name, ok := bytes.CutSuffix(word, []byte(":"))
	if !ok || len(name) == 0 {
		return nil, nil, line
	}
	tag, pid = splitTag(name)
	return tag, pid, rest
}

// nextWord splits b at its first blank.
func nextWord(b []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(b, []byte(" "))
	return word, rest
}
