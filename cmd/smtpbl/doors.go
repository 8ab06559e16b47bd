package main

import (
	"context"
	"sync"
)

// doors are the sockets at which the service answers: whoever it tells that it is
// ready finds them open, or the warning that one cannot be.
type doors struct{ closed sync.WaitGroup }

// add counts a door, until what it returns is called for the first time: when it
// is open, or was found not to open for now.
func (d *doors) add() (tried func()) {
	d.closed.Add(1)
	return sync.OnceFunc(d.closed.Done)
}

// wait waits until all doors have been tried, or ctx ends.
func (d *doors) wait(ctx context.Context) {
	tried := make(chan struct{})
	go func() {
		defer close(tried)
		d.closed.Wait()
	}()
	select {
	case <-tried:
	case <-ctx.Done():
	}
}
