package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// nameIdle is the row of a writer that nobody disturbs.
const nameIdle = "nobody loads anything"

// idleTime is how long that writer writes.
const idleTime = time.Second

// otherWriter lets a program change its own table while addresses are loaded,
// all ways in turns, and small loads several times.
func (b *bench) otherWriter(ctx context.Context) error {
	for _, n := range b.waitSizes {
		if err := b.waitIdle(ctx, n); err != nil {
			return err
		}
		for began, round := time.Now(), 0; round < b.loads && (round == 0 || time.Since(began) < b.loadTime); round++ {
			for _, w := range ways(b.options) {
				if !w.nftables || !within(n, w.maxCalls) || !within(n, w.maxSize) || b.tools.lacks(w.tool) != "" {
					continue
				}
				if err := b.waitFor(ctx, w, n); err != nil {
					return fmt.Errorf("beside %s: %w", w.name, err)
				}
			}
		}
	}
	return nil
}

// waitIdle measures without any load.
func (b *bench) waitIdle(ctx context.Context, n int) error {
	ns, err := newNamespace()
	if err != nil {
		return err
	}
	defer ns.close()
	waits, err := writeMeanwhile(ns, func() error {
		select {
		case <-ctx.Done():
			return stopped(ctx)
		case <-time.After(idleTime):
			return nil
		}
	})
	b.waits.add(nameIdle, count(n), waits...)
	return err
}

// waitFor measures beside the load of n addresses by one way.
func (b *bench) waitFor(ctx context.Context, w *way, n int) (err error) {
	h, err := b.hold(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var failed error
	waits, err := writeMeanwhile(h.ns, func() error {
		_, failed = b.fill(ctx, h, n)
		return stopped(ctx)
	})
	b.waits.add(w.name, count(n), waits...)
	if failed != nil {
		// That a load cannot stand another writer is a result too.
		b.waits.note("A load failed: %v", failed)
	}
	return err
}

// writeMeanwhile writes from time to time until f has ended, and returns how
// long each write took, in ms. The thread that writes waits for the kernel's
// locks, but where possible not for a processor: it is ahead of other programs,
// and not pinned, for a long transaction may keep one processor from all others.
func writeMeanwhile(ns *namespace, f func() error) (waits []float64, err error) {
	w, err := newWriter(ns)
	if err != nil {
		return nil, err
	}
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		overtake()
		var err error
		waits, err = w.writeUntil(stop)
		ended <- err
	}()
	err = f()
	close(stop)
	return waits, errors.Join(err, <-ended, w.close())
}
