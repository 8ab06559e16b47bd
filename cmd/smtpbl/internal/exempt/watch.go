package exempt

import (
	"context"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/selfaddr"
	"github.com/smtpbl/smtpbl/policy"
)

// Watch calls changed with the new exemptions each time they differ from the
// ones before, one call at a time, until ctx ends. Current was called before.
func (l *List) Watch(ctx context.Context, changed func([]policy.Exemption)) error {
	l.mu.Lock()
	l.tell = changed
	l.mu.Unlock()
	var beside sync.WaitGroup
	defer beside.Wait()
	// Beside the rest, because answers may take seconds.
	beside.Go(func() { every(ctx, askEvery, func() { l.ask(ctx); l.publish() }) })
	beside.Go(func() { every(ctx, lookEvery, func() { l.look(time.Now()); l.publish() }) })
	beside.Go(func() { l.lookSoon(ctx) })
	updates, err := selfaddr.Watch(ctx.Done())
	if err != nil {
		l.Log.Warn("cannot watch own addresses: looking regularly instead", "err", err)
	}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case _, open := <-updates:
			if !open {
				updates = nil // the subscription was lost; the ticker still looks
				continue
			}
			if !pause(ctx, settle) {
				return nil
			}
		}
		l.lookAtSelf()
		l.publish()
	}
}

// lookSoon does what LookSoon asks for.
func (l *List) lookSoon(ctx context.Context) {
	for {
		select {
		case <-l.wake():
			l.LookAgain()
		case <-ctx.Done():
			return
		}
		if !pause(ctx, soonEvery) {
			return
		}
	}
}

func (l *List) lookAtSelf() {
	self, err := selfaddr.Read()
	if !l.told("self", err, "cannot read own addresses: those known stay exempt") {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.self = self
}

// every calls f again and again until ctx ends.
func every(ctx context.Context, d time.Duration, f func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
