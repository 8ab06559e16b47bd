package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/ingest/loggen"
)

// bytesPerLine is more than any line has on average, with room for what the
// contenders print.
const bytesPerLine = 250

// spaceFor makes sure that a log of so many lines fits below dir.
func spaceFor(dir string, lines int) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("ask for the free space below %s: %w", dir, err)
	}
	free, need := fs.Bavail*uint64(fs.Bsize), uint64(lines)*bytesPerLine //nolint:gosec // neither is negative
	if free < need {
		return fmt.Errorf("%d MB are free below %s, the log needs %d MB: set TMPDIR or -lines", free/1e6, dir, need/1e6)
	}
	return nil
}

// makeLog writes a log and reads it once, so that all of it is in the page
// cache when the race begins. It returns the log's size in bytes.
func makeLog(name string, lines int, share float64) (int64, error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, fmt.Errorf("make a log: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := loggen.Write(f, loggen.Standard(lines, share)); err != nil {
		return 0, err
	}
	// Without this the disk would be busy with the log during the race.
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("make a log: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("make a log: %w", err)
	}
	// Discard would take the data through a buffer too: every byte is read.
	n, err := io.Copy(io.Discard, f)
	if err != nil {
		return 0, fmt.Errorf("read a log: %w", err)
	}
	return n, nil
}
