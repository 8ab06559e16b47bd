package ingest

import (
	"bytes"
	"io"
	"time"
)

// StampFunc reads the time stamp at the start of a line. ref is when the log
// was last written, which settles the year of stamps without one; loc is the
// zone of stamps without one. parse.Stamp is such a function.
type StampFunc func(line []byte, ref time.Time, loc *time.Location) (time.Time, bool)

// probeWindow is how much is read at each step of the search; it holds
// hundreds of lines, so that a few without a stamp do not matter.
const probeWindow = 64 << 10

// seeker finds where in a log a time begins.
type seeker struct {
	r     io.ReaderAt
	stamp func(line []byte) (time.Time, bool)
	buf   []byte
}

// seek returns the offset of the first line of r that is not older than
// since. Lines are taken to be in order of time; where they are not, a few
// lines too many or too few are read, which history can bear. Only about
// probeWindow times the logarithm of size is read.
func (s *seeker) seek(size int64, since time.Time) (int64, error) {
	s.buf = make([]byte, probeWindow)
	low, high := int64(0), size
	for high-low > probeWindow {
		mid := low + (high-low)/2
		line, err := s.probe(mid, high, time.Time{})
		if err != nil {
			return 0, err
		}
		if line.found && line.when.Before(since) {
			low = line.next
		} else {
			high = mid
		}
	}
	for {
		line, err := s.probe(low, size, since)
		switch {
		case err != nil:
			return 0, err
		case !line.found:
			return low, nil
		case !line.when.Before(since):
			return line.at, nil
		}
		low = line.next
	}
}

// stamped is a line with a stamp that a probe has found.
type stamped struct {
	found bool
	// at is where the line begins, next where the one after it does.
	at, next int64
	when     time.Time
}

// probe reads a window from offset from and returns the first line in it that
// begins before limit, has a stamp and is not older than since; where all are
// older, the last of them. A line that began before from is passed over.
func (s *seeker) probe(from, limit int64, since time.Time) (stamped, error) {
	start := max(from-1, 0)
	n, err := s.r.ReadAt(s.buf, start)
	if err != nil && err != io.EOF {
		return stamped{}, err
	}
	window, offset := s.buf[:n], start
	if from > 0 {
		skip := bytes.IndexByte(window, '\n') + 1
		if skip == 0 {
			return stamped{}, nil
		}
		window, offset = window[skip:], offset+int64(skip)
	}
	var line stamped
	for offset < limit {
		end := bytes.IndexByte(window, '\n')
		if end < 0 {
			break
		}
		next := offset + int64(end) + 1
		if when, ok := s.stamp(window[:end]); ok {
			line = stamped{true, offset, next, when}
			if !when.Before(since) {
				break
			}
		}
		window, offset = window[end+1:], next
	}
	return line, nil
}
