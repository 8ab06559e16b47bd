package postfix

import (
	"context"
	"net"
	"sync"
	"time"
)

// crowd holds the connections that are open. Postfix keeps a connection for
// later questions, so where there is no room for another, the one that has
// rested longest makes some: its process connects again when it has to ask. A
// connection that has had no answer yet does not rest.
type crowd struct {
	most int

	mu    sync.Mutex
	open  map[*client]struct{}
	moved chan struct{} // somebody left or rests
}

// client is one connection.
type client struct {
	conn   net.Conn
	rested time.Time // since when it has asked nothing; zero while it asks
}

func newCrowd(most int) *crowd {
	return &crowd{most: most, open: map[*client]struct{}{}, moved: make(chan struct{}, 1)}
}

// room waits until there is room for one more, and is false where ctx ended.
func (x *crowd) room(ctx context.Context) bool {
	for !x.makeRoom() {
		select {
		case <-x.moved:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

func (x *crowd) makeRoom() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.open) < x.most {
		return true
	}
	var longest *client
	for c := range x.open {
		if !c.rested.IsZero() && (longest == nil || c.rested.Before(longest.rested)) {
			longest = c
		}
	}
	if longest == nil {
		return false
	}
	x.remove(longest)
	return true
}

func (x *crowd) join(conn net.Conn) *client {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := &client{conn: conn}
	x.open[c] = struct{}{}
	return c
}

// rest says that c asks nothing.
func (x *crowd) rest(c *client) {
	x.mu.Lock()
	c.rested = time.Now()
	x.mu.Unlock()
	x.tell()
}

// wake says that c asks again; it is false where c had to make room.
func (x *crowd) wake(c *client) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	c.rested = time.Time{}
	_, open := x.open[c]
	return open
}

// leave closes c.
func (x *crowd) leave(c *client) {
	x.mu.Lock()
	x.remove(c)
	x.mu.Unlock()
	x.tell()
}

// disperse closes all.
func (x *crowd) disperse() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.open {
		x.remove(c)
	}
}

func (x *crowd) remove(c *client) {
	delete(x.open, c)
	_ = c.conn.Close() // nothing is owed to whoever is closed
}

func (x *crowd) tell() {
	select {
	case x.moved <- struct{}{}:
	default: // whoever waits will look anyway
	}
}
