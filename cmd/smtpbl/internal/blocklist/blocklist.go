// Package blocklist reads the administrator's lists of prefixes to drop
// (nft.block_files) and notices when they change.
//
// A list is only ever taken as a whole and at rest: a file that is being
// written is read after it has stopped changing, and one that cannot be read
// leaves what it held before in force.
package blocklist

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at. A change is taken at the
// second look that finds the file the same, so within a minute.
const lookEvery = 20 * time.Second

// maxTold is how many bad lines of a file are logged one by one.
const maxTold = 5

// List is all block lists together.
type List struct {
	Globs []string // paths and patterns
	Log   *slog.Logger

	mu     sync.Mutex
	held   map[string]content // in force, by path; empty for one that was never read
	seen   map[string]stamp   // at the last look
	faults map[string]string  // files that could not be read, and why
}

// File is the state of one list.
type File struct {
	Path     string `json:"path"`
	Prefixes int    `json:"prefixes"` // in force
	BadLines int    `json:"bad_lines"`
	Fault    string `json:"fault,omitempty"` // why it could not be read the last time
}

// Load reads all lists that there are now and returns their prefixes. What
// cannot be read is logged, and is left out.
func (l *List) Load() []netip.Prefix {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.faults = map[string]content{}, map[string]string{}
	l.seen = l.look()
	for _, path := range slices.Sorted(maps.Keys(l.seen)) {
		l.take(path)
	}
	return l.prefixes()
}

// Watch calls changed with the prefixes of all lists each time that some list
// has changed since Load, until ctx ends.
func (l *List) Watch(ctx context.Context, changed func([]netip.Prefix)) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if prefixes, news := l.refresh(); news {
				changed(prefixes)
			}
		}
	}
}

// refresh reads the files that are at rest and differ from what is held.
func (l *List) refresh() ([]netip.Prefix, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, news := l.look(), false
	for path := range l.held {
		if _, there := now[path]; !there {
			now[path] = stamp{}
		}
	}
	for path, s := range now {
		before, known := l.seen[path]
		if !known || before != s || s == l.held[path].stamp {
			continue // still changing, or unchanged
		}
		if s == (stamp{}) {
			delete(now, path)
			news = l.drop(path) || news
			continue
		}
		news = l.take(path) || news
	}
	l.seen = now
	return l.prefixes(), news
}

// look returns the stamps of all files that the patterns match.
func (l *List) look() map[string]stamp {
	found := map[string]stamp{}
	for _, glob := range l.Globs {
		paths, err := filepath.Glob(glob)
		if err != nil { // the configuration has checked the pattern
			paths = nil
		}
		for _, path := range paths {
			if s := stampOf(path); s != (stamp{}) {
				found[path] = s
			}
		}
		if len(paths) == 0 && l.seen == nil {
			l.Log.Warn("no block list found: it is read when it appears", "files", glob)
		}
	}
	return found
}

// take reads a file and tells whether that changed what is held.
func (l *List) take(path string) bool {
	c, err := read(path)
	if err != nil {
		if l.faults[path] != err.Error() {
			l.Log.Error("block list is not taken", "err", err, "prefixes_still_dropped", len(l.held[path].prefixes))
		}
		l.faults[path] = err.Error()
		kept := l.held[path]
		kept.stamp = l.seen[path] // not read again before it changes
		l.held[path] = kept
		return false
	}
	delete(l.faults, path)
	before := l.held[path]
	l.held[path] = c
	l.tell(path, c)
	return !slices.Equal(before.prefixes, c.prefixes)
}

// drop forgets a file that is gone and tells whether that changed what is held.
func (l *List) drop(path string) bool {
	held := len(l.held[path].prefixes)
	l.Log.Warn("block list is gone: its prefixes are no longer dropped", "file", path, "prefixes", held)
	delete(l.held, path)
	delete(l.faults, path)
	return held > 0
}

func (l *List) tell(path string, c content) {
	for _, b := range c.bad[:min(len(c.bad), maxTold)] {
		l.Log.Warn("line of a block list is left out", "file", path, "line", b.number, "text", b.text, "why", b.why)
	}
	l.Log.Info("block list read", "file", path, "prefixes", len(c.prefixes), "bad_lines", len(c.bad))
}

// prefixes returns what is held, in an order that depends on nothing else.
func (l *List) prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, path := range slices.Sorted(maps.Keys(l.held)) {
		out = append(out, l.held[path].prefixes...)
	}
	return out
}

// Files tells the state of each list, in the order of the paths.
func (l *List) Files() []File {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]File, 0, len(l.held))
	for _, path := range slices.Sorted(maps.Keys(l.held)) {
		c := l.held[path]
		out = append(out, File{Path: path, Prefixes: len(c.prefixes), BadLines: len(c.bad), Fault: l.faults[path]})
	}
	return out
}
