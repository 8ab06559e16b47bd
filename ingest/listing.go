package ingest

import (
	"os"
	"sync"
	"time"
)

// lastListing is the last directory that was listed. Thousands of logs may
// stand in one, and each is looked for in all of it.
var lastListing struct {
	sync.Mutex
	listing
}

// listing is what a directory held.
type listing struct {
	dir     string
	id      fileID
	modTime time.Time // of the directory, before it was listed
	settled bool      // modTime was long enough ago for a change to show in it
	names   []string
}

// settledAfter is far longer than the ticks in which the kernel counts the
// times of files (linux kernel/time, current_time takes the coarse clock).
const settledAfter = time.Second

// namesIn lists a directory in no order; what cannot be listed has no names.
// The caller must not change the list.
func namesIn(dir string) []string {
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	now := listing{dir: dir, id: idOf(info), modTime: info.ModTime(), settled: time.Since(info.ModTime()) > settledAfter}
	lastListing.Lock()
	defer lastListing.Unlock()
	if last := &lastListing.listing; last.settled && last.dir == dir && last.id == now.id && last.modTime.Equal(now.modTime) {
		return last.names
	}
	file, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // read only: nothing can be lost
	if now.names, err = file.Readdirnames(-1); err != nil {
		return nil
	}
	lastListing.listing = now
	return now.names
}
