package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/google/nftables"
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

// writeEvery is how often the other program writes.
const writeEvery = 5 * time.Millisecond

// writeMeanwhile writes from time to time until f has ended, and returns how
// long each write took, in ms.
func writeMeanwhile(ns *namespace, f func() error) (waits []float64, err error) {
	w, err := newWriter(ns)
	if err != nil {
		return nil, err
	}
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var err error
		waits, err = w.writeUntil(stop)
		ended <- err
	}()
	err = f()
	close(stop)
	return waits, errors.Join(err, <-ended, w.conn.CloseLasting())
}

// writer is another program with a table of its own.
type writer struct {
	conn *nftables.Conn
	set  *nftables.Set
}

func newWriter(ns *namespace) (*writer, error) {
	conn, err := nftables.New(nftables.WithNetNSFd(ns.fd), nftables.AsLasting())
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "other"})
	w := &writer{conn: conn, set: &nftables.Set{Table: table, Name: "set", KeyType: nftables.TypeIPAddr}}
	err = conn.AddSet(w.set, nil)
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make another table: %w", err), conn.CloseLasting())
	}
	return w, nil
}

func (w *writer) writeUntil(stop <-chan struct{}) (waits []float64, err error) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		key := address(i).As4()
		began := time.Now()
		err := w.conn.SetAddElements(w.set, []nftables.SetElement{{Key: key[:]}})
		if err == nil {
			err = w.conn.Flush()
		}
		if err != nil {
			return waits, fmt.Errorf("add an element: %w", err)
		}
		waits = append(waits, milliseconds(time.Since(began)))
		select {
		case <-stop:
			return waits, nil
		case <-tick.C:
		}
	}
}
