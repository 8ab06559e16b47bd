package ingest

import (
	"sync"
	"time"
)

// The inbox holds what came while the handler was busy: a second's worth of
// the fastest mail server.
const (
	inboxBytes    = 16 << 20
	inboxMessages = 1 << 17
)

// inbox is where readers put messages and the source's goroutine takes them
// from, all at once. Two buffers change places, so that nothing is allocated
// once they have grown.
type inbox struct {
	// wake has a value while there is mail.
	wake chan struct{}
	mu   sync.Mutex
	mail mail
}

// mail is some messages end to end.
type mail struct {
	data  []byte
	marks []mark
}

// mark tells where a message ends, and when it came.
type mark struct {
	end int
	at  time.Time
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put copies a message in. It is false when there is no room.
func (in *inbox) put(message []byte, at time.Time) bool {
	in.mu.Lock()
	full := len(in.mail.data)+len(message) > inboxBytes || len(in.mail.marks) == inboxMessages
	if !full {
		in.mail.data = append(in.mail.data, message...)
		in.mail.marks = append(in.mail.marks, mark{len(in.mail.data), at})
	}
	in.mu.Unlock()
	select {
	case in.wake <- struct{}{}:
	default:
	}
	return !full
}

// empty takes all messages and leaves the buffers of old in their place.
func (in *inbox) empty(old mail) mail {
	if cap(old.data) > inboxBytes/16 || cap(old.marks) > inboxMessages/16 {
		old = mail{} // a burst is no reason to stay big
	}
	old.data, old.marks = old.data[:0], old.marks[:0]
	in.mu.Lock()
	defer in.mu.Unlock()
	got := in.mail
	in.mail = old
	return got
}
