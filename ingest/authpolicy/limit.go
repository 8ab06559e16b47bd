package authpolicy

import (
	"net"
	"sync"
)

// limited is a listener with a bound on the connections that are open at once.
// Others wait in the kernel's queue until one ends.
type limited struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func limit(l net.Listener, n int) *limited {
	return &limited{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

// Accept waits for a slot and then for a connection.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotted{Conn: conn, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// crowded tells whether so many connections are open that none may idle.
func (l *limited) crowded() bool { return len(l.slots) > cap(l.slots)/2 }

// Close ends an Accept that waits, for whatever.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// slotted gives its slot back when it is closed.
type slotted struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *slotted) Close() error {
	defer c.release()
	return c.Conn.Close()
}
