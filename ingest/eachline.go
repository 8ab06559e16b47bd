package ingest

import (
	"errors"
	"fmt"
	"io"
)

// scanBuffer is the size of EachLine's reads. It stays within a core's
// second-level cache, so that a line is searched where the kernel has just
// copied it; of 64 KiB to 1 MiB this size was among the fastest. Lines
// alone are found in less than half the time in a mapping
// (BenchmarkEachLineMapped), but a whole scan gains nothing by it, because the
// parser then waits for memory that a read had brought into the cache.
const scanBuffer = 128 << 10

// LineStats is what EachLine has read.
type LineStats struct {
	// Lines and Bytes count all that was read.
	Lines, Bytes uint64
	// OverLong counts lines of which only the first DefaultMaxLine bytes were
	// handed over.
	OverLong uint64
}

// EachLine hands every line of r to fn, without its end; an unterminated last
// line too. The slice is valid until fn returns. The statistics are right up
// to the point where an error, that of the reader, ended the reading.
func EachLine(r io.Reader, fn func(line []byte)) (LineStats, error) {
	var stats LineStats
	s := splitter{max: DefaultMaxLine}
	count := func(line []byte) {
		stats.Lines++
		fn(line)
	}
	buf := make([]byte, scanBuffer)
	for {
		n, err := r.Read(buf)
		stats.Bytes += uint64(n) //nolint:gosec // never negative
		s.feed(buf[:n], count)
		if err == nil {
			continue
		}
		s.flush(count)
		stats.OverLong = s.long
		if errors.Is(err, io.EOF) {
			return stats, nil
		}
		return stats, fmt.Errorf("read lines: %w", err)
	}
}
