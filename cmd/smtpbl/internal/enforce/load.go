package enforce

import (
	"slices"

	"github.com/smtpbl/smtpbl/nft"
)

// loader hands changes to the kernel in a goroutine of its own, so that reading
// the history and the kernel's work go on side by side.
type loader struct {
	chunk  []nft.Change
	chunks chan []nft.Change
	spare  chan []nft.Change
	done   chan error
}

const (
	// loadChunk is what the kernel takes in one transaction.
	loadChunk = 10_000
	// loadAhead is how many transactions may be ready before their turn.
	loadAhead = 2
)

func startLoading(k Kernel) *loader {
	l := &loader{
		chunks: make(chan []nft.Change, loadAhead), spare: make(chan []nft.Change, loadAhead+2), done: make(chan error, 1),
	}
	go func() {
		var failed error
		for chunk := range l.chunks {
			if failed == nil {
				failed = load(k, chunk)
			}
			l.spare <- chunk[:0]
		}
		l.done <- failed
	}()
	for range cap(l.spare) {
		l.spare <- nil
	}
	l.chunk = <-l.spare
	return l
}

// load commits a chunk. Bans that do not stand cost the kernel half as much when
// it is told so.
func load(k Kernel, chunk []nft.Change) error {
	if slices.ContainsFunc(chunk, func(c nft.Change) bool { return c.Remove }) {
		return k.Apply(chunk)
	}
	return k.Load(chunk)
}

// add queues one change. Of several changes of one ban the last counts.
func (l *loader) add(c nft.Change) {
	if l.chunk = append(l.chunk, c); len(l.chunk) == loadChunk {
		l.flush()
	}
}

func (l *loader) flush() {
	l.chunks <- l.chunk
	l.chunk = <-l.spare
}

// finish waits until the kernel has taken everything, and returns its first
// error.
func (l *loader) finish() error {
	if len(l.chunk) > 0 {
		l.flush()
	}
	close(l.chunks)
	return <-l.done
}
