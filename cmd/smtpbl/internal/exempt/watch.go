package exempt

import (
	"context"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/selfaddr"
	"github.com/smtpbl/smtpbl/policy"
)

// Watch calls changed with the new exemptions each time they differ from the
// ones before, one call at a time, until ctx ends. Those that it could not take
// it is told again. Current was called before.
func (l *List) Watch(ctx context.Context, changed func([]policy.Exemption) (taken bool)) error {
	l.mu.Lock()
	l.tell = changed
	l.mu.Unlock()
	var beside sync.WaitGroup
	defer beside.Wait()
	// Beside the rest, because answers may take seconds.
	beside.Go(func() { every(ctx, askEvery, func() { l.ask(ctx); l.publish() }) })
	beside.Go(func() { l.lookSoon(ctx) })
	l.watchSelf(ctx, selfaddr.Watch)
	return nil
}

// watchSelf follows the addresses of this machine. What came before it was
// subscribed to is looked at then. A subscription that was lost is taken up
// again.
func (l *List) watchSelf(ctx context.Context, subscribe func(done <-chan struct{}) (<-chan struct{}, error)) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	var updates <-chan struct{} // nil where there is no subscription
	for {
		if updates == nil {
			var err error
			updates, err = subscribe(ctx.Done())
			l.told("watch", err, "cannot watch own addresses: looking regularly instead")
		}
		l.lookAtSelf()
		l.publish()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case _, open := <-updates:
			if !open {
				updates = nil
			}
			if !pause(ctx, settle) {
				return
			}
		}
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
