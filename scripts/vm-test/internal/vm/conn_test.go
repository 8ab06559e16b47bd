package vm

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// fakeAgent is the other end of a connection, without a machine in between.
type fakeAgent struct {
	t *testing.T
	net.Conn
}

func connected(t *testing.T) (*VM, *fakeAgent) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ctl")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c, err := dialAgent(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	there, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	return &VM{conn: c}, &fakeAgent{t, there}
}

// asked waits for a frame of a kind.
func (a *fakeAgent) asked(kind wire.Kind) wire.Frame {
	a.t.Helper()
	f, err := wire.Read(a)
	if err != nil || f.Kind != kind {
		a.t.Errorf("asked %+v (%v), want kind %d", f, err, kind)
	}
	return f
}

func (a *fakeAgent) answer(kind wire.Kind, id uint32, payload []byte) {
	a.t.Helper()
	if err := wire.Write(a, wire.Frame{Kind: kind, ID: id, Payload: payload}); err != nil {
		a.t.Error(err)
	}
}

func TestRunsGoOnSideBySide(t *testing.T) {
	m, a := connected(t)
	go func() {
		first, second := a.asked(wire.Run), a.asked(wire.Run)
		for _, f := range []wire.Frame{second, first} {
			c, err := wire.Unpack[wire.Command](f)
			if err != nil || c.Deadline <= 0 {
				t.Errorf("command %+v (%v), want one with a deadline", c, err)
			}
			a.answer(wire.Output, f.ID, []byte(c.Script))
		}
		a.answer(wire.Output, 99, []byte("of nobody"))
		a.answer(wire.Exit, first.ID, []byte(`{"code": 0}`))
		a.answer(wire.Exit, second.ID, []byte(`{"code": 3}`))
	}()
	results := make(chan Result, 2)
	for _, script := range []string{"one", "two"} {
		go func() {
			r, err := m.Run(t.Context(), script)
			if err != nil || r.Output != script {
				t.Errorf("%s: %+v, %v", script, r, err)
			}
			results <- r
		}()
	}
	if codes := (<-results).Code + (<-results).Code; codes != 3 {
		t.Errorf("the exit codes add up to %d, want 0 and 3", codes)
	}
}

func TestRunEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(a *fakeAgent, id uint32)
		want error
	}{
		"when the machine dies":    {func(a *fakeAgent, _ uint32) { _ = a.Close() }, ErrGone},
		"when the agent restarts":  {func(a *fakeAgent, _ uint32) { a.answer(wire.Hello, 0, nil) }, ErrGone},
		"when what comes is noise": {func(a *fakeAgent, _ uint32) { _, _ = a.Write(make([]byte, 64)) }, wire.ErrFrame},
		"when the answer is odd":   {func(a *fakeAgent, id uint32) { a.answer(wire.Exit, id, []byte("{")) }, wire.ErrFrame},
	} {
		t.Run(name, func(t *testing.T) {
			m, a := connected(t)
			go func() { tt.do(a, a.asked(wire.Run).ID) }()
			if _, err := m.Run(t.Context(), "true"); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestRunIsCancelled(t *testing.T) {
	m, a := connected(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() { _, err := m.Run(ctx, "sleep 60"); ended <- err }()
	run := a.asked(wire.Run)
	if f := a.asked(wire.Cancel); f.ID != run.ID {
		t.Errorf("call %d is cancelled, want %d", f.ID, run.ID)
	}
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of the deadline", err)
	}
}

// TestPingOutlivesHello is the start of a machine: the ping waits in the port
// when the agent says Hello.
func TestPingOutlivesHello(t *testing.T) {
	m, a := connected(t)
	go func() {
		f := a.asked(wire.Ping)
		a.answer(wire.Hello, 0, nil)
		a.answer(wire.Pong, f.ID, nil)
	}()
	if err := m.conn.ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUntil(t *testing.T) {
	m := &VM{o: Options{Accel: Accel{KVM: true}}}
	tries, broken := 0, errors.New("not yet")
	err := m.Until(t.Context(), "it works", time.Minute, func(context.Context) error {
		if tries++; tries < 3 {
			return broken
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	if err = m.Until(t.Context(), "it works", time.Nanosecond, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want the last one of what was tried", err)
	}
}
