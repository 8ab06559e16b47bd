package enforce

import (
	"errors"
	"log/slog"
	"net"
	"sync"

	"github.com/smtpbl/smtpbl/nft"
)

// Watcher is what is needed of nft.Watcher.
type Watcher interface {
	Next() (nft.Foreign, error)
	Close() error
}

// lookout hears what other programs do to the table and keeps it until the
// Enforcer has time: thousands of transactions that come while it is busy are
// one when it looks.
type lookout struct {
	source Watcher
	log    *slog.Logger
	wake   chan struct{}

	mu    sync.Mutex
	heard nft.Foreign
	blind bool // nothing more will be heard
}

func newLookout(o Options) *lookout {
	return &lookout{source: o.Watcher, log: o.Log, wake: make(chan struct{}, 1), blind: o.Watcher == nil}
}

// run listens until stop.
func (l *lookout) run() {
	if l.source == nil {
		return
	}
	for {
		f, err := l.source.Next()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			l.log.Error("cannot hear of changes by other programs any more: looking every second instead", "err", err)
			f = nft.Foreign{Table: true, Many: true}
		}
		l.add(f, err != nil)
		if err != nil {
			return
		}
	}
}

func (l *lookout) stop() {
	if l.source == nil {
		return
	}
	if err := l.source.Close(); err != nil {
		l.log.Warn("cannot end watching the table", "err", err)
	}
}

func (l *lookout) add(f nft.Foreign, last bool) {
	l.mu.Lock()
	l.heard, l.blind = together(l.heard, f), l.blind || last
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default: // it is awake and will look again
	}
}

// take returns what was heard since the last time.
func (l *lookout) take() nft.Foreign {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.heard
	l.heard = nft.Foreign{}
	return f
}

func (l *lookout) isBlind() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.blind
}

// namedMax bounds the bans that are looked at by name; with more, all are.
const namedMax = 4000

// together puts two reports into one. The later program is the one that is
// named, unless nobody knows it.
func together(a, b nft.Foreign) nft.Foreign {
	if b.PID == 0 {
		b.Generation, b.PID, b.Process = a.Generation, a.PID, a.Process
	}
	b.Table, b.Many = a.Table || b.Table, a.Many || b.Many
	b.Bans = append(a.Bans, b.Bans...)
	if len(b.Bans) > namedMax {
		b.Many = true
	}
	if b.Many {
		b.Bans = nil
	}
	return b
}

// culprit is what the log says about who it was.
func culprit(f nft.Foreign) slog.Value {
	if f.PID == 0 {
		return slog.StringValue("unknown")
	}
	return slog.GroupValue(slog.String("process", f.Process), slog.Uint64("pid", uint64(f.PID)))
}
