package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// ErrGone is wrapped by the error of a call that the machine or its agent did
// not live to answer.
var ErrGone = errors.New("the machine is gone")

// conn is the connection to the agent of one process of QEMU.
type conn struct {
	c     net.Conn
	wmu   sync.Mutex
	mu    sync.Mutex
	next  uint32
	calls map[uint32]*call
	err   error // why nothing comes any more
}

// call is something asked for that has not been answered to the end.
type call struct {
	id     uint32
	frames chan wire.Frame // closed when nothing more comes
	done   chan struct{}   // closed by the caller when it wants no more
	err    error           // set before frames is closed
	ping   bool
}

// dialAgent connects to the socket of a QEMU that is just starting: the file
// comes first, then somebody who listens.
func dialAgent(ctx context.Context, path string, ended <-chan struct{}) (*conn, error) {
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "unix", path)
		if err == nil {
			a := &conn{c: c, calls: map[uint32]*call{}}
			go a.read()
			return a, nil
		}
		select {
		case <-ended:
			return nil, errors.New("QEMU ended before it listened")
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to QEMU: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// read hands each frame to its call until the connection ends.
func (a *conn) read() {
	for {
		f, err := wire.Read(a.c)
		if err != nil {
			a.fail(fmt.Errorf("%w: %w", ErrGone, err), true)
			_ = a.c.Close() // whoever sends no frames is not listened to
			return
		}
		if f.Kind == wire.Hello {
			// A new agent knows nothing of what the one before was asked; only
			// a ping may have waited for it in the port.
			a.fail(fmt.Errorf("%w: its agent was started again", ErrGone), false)
			continue
		}
		a.mu.Lock()
		c := a.calls[f.ID]
		a.mu.Unlock()
		if c == nil {
			continue // nobody waits any more: a cancelled call
		}
		select {
		case c.frames <- f:
		case <-c.done:
		}
	}
}

// fail ends the calls that wait, and for good also those to come.
func (a *conn) fail(err error, forGood bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if forGood && a.err == nil {
		a.err = err
	}
	for id, c := range a.calls {
		if c.ping && !forGood {
			continue
		}
		c.err = err
		close(c.frames)
		delete(a.calls, id)
	}
}

func (a *conn) close() { _ = a.c.Close() }

// open begins a call; the caller must end it.
func (a *conn) open() (*call, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	a.next++
	c := &call{id: a.next, frames: make(chan wire.Frame, 16), done: make(chan struct{})}
	a.calls[c.id] = c
	return c, nil
}

func (a *conn) end(c *call) {
	close(c.done)
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.calls, c.id)
}

// ask opens a call with one frame.
func (a *conn) ask(kind wire.Kind, payload any) (*call, error) {
	c, err := a.open()
	if err != nil {
		return nil, err
	}
	f, err := wire.Pack(kind, c.id, payload)
	if err == nil {
		err = a.send(f)
	}
	if err != nil {
		a.end(c)
		return nil, err
	}
	return c, nil
}

func (a *conn) send(f wire.Frame) error {
	a.wmu.Lock()
	defer a.wmu.Unlock()
	if err := wire.Write(a.c, f); err != nil {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return nil
}

// recv waits for the next frame of c.
func (c *call) recv(ctx context.Context) (wire.Frame, error) {
	select {
	case f, ok := <-c.frames:
		if !ok {
			return f, c.err
		}
		return f, nil
	case <-ctx.Done():
		return wire.Frame{}, ctx.Err()
	}
}

// result reads the frame that ends a call.
func result(f wire.Frame, kind wire.Kind) (wire.Result, error) {
	if f.Kind != kind {
		return wire.Result{}, fmt.Errorf("%w: kind %d where %d belongs", wire.ErrFrame, f.Kind, kind)
	}
	r, err := wire.Unpack[wire.Result](f)
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}

// ping waits until the agent answers. One that is still to start finds the ping
// waiting in its port.
func (a *conn) ping(ctx context.Context) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer a.end(c)
	a.mu.Lock()
	c.ping = true
	a.mu.Unlock()
	if err = a.send(wire.Frame{Kind: wire.Ping, ID: c.id}); err != nil {
		return err
	}
	f, err := c.recv(ctx)
	if err != nil {
		return fmt.Errorf("the agent does not answer: %w", err)
	}
	if f.Kind != wire.Pong {
		return fmt.Errorf("%w: kind %d for a ping", wire.ErrFrame, f.Kind)
	}
	return nil
}
