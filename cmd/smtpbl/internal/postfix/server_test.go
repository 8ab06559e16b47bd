package postfix

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

// pipes is a net.Listener in memory, for a clock that a test moves.
type pipes struct {
	next  chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{next: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.next:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.ended) }); return nil }
func (p *pipes) Addr() net.Addr { return nil }

func (p *pipes) dial() net.Conn {
	mine, its := net.Pipe()
	p.next <- its
	return mine
}

// serving runs a Server over pipes in a bubble and ends it after f.
func serving(t *testing.T, s *Server, f func(p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.serve(ctx, p) }()
		f(p)
		cancel()
		<-done
	})
}

// ask sends a question and returns what comes back until the answer is whole.
func ask(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<10)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestAClientThatHangsIsAnsweredAndLetGo(t *testing.T) {
	s := newServer(Policy)
	serving(t, s, func(p *pipes) {
		conn := p.dial()
		began := time.Now()
		if got := ask(t, conn, "request=smtpd_access_policy\n"); got != dunno {
			t.Errorf("answer %q", got)
		}
		if took := time.Since(began); took != slowest {
			t.Errorf("answered after %v", took)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection goes on: %v", err)
		}
	})
	if diff := cmp.Diff(map[Result]uint64{Slow: 1}, counted(s)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestAClientThatTakesNoAnswerIsLetGo(t *testing.T) {
	serving(t, newServer(Policy), func(p *pipes) {
		conn := p.dial()
		if _, err := io.WriteString(conn, asks("192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * slowest) // of the bubble
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection goes on: %v", err)
		}
	})
}

func TestARestingClientIsServedAgain(t *testing.T) {
	serving(t, newServer(Policy), func(p *pipes) {
		conn := p.dial()
		for range 3 {
			if got := ask(t, conn, asks("192.0.2.1")); got != dunno {
				t.Errorf("answer %q", got)
			}
			time.Sleep(longestRest - time.Second) // of the bubble
		}
		time.Sleep(2 * time.Second)
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection rests for ever: %v", err)
		}
	})
}

// An Engine that never answers costs each client the patience, not more.
func TestAStuckEngine(t *testing.T) {
	s := newServer(Policy)
	s.cfg.Standing = func(ctx context.Context, _ netip.Addr) (policy.Standing, error) {
		<-ctx.Done()
		return policy.Standing{}, ctx.Err()
	}
	serving(t, s, func(p *pipes) {
		began := time.Now()
		if got := ask(t, p.dial(), asks("198.51.100.7")); got != dunno {
			t.Errorf("answer %q", got)
		}
		if took := time.Since(began); took != patience {
			t.Errorf("answered after %v", took)
		}
	})
}

// TestACrowd has many more clients than there is room for, none of which
// leaves: those that rest make room, and each gets its answer.
func TestACrowd(t *testing.T) {
	s := newServer(Policy)
	const many = 10 * maxConns
	serving(t, s, func(p *pipes) {
		for range many {
			if got := ask(t, p.dial(), asks("198.51.100.7")); !strings.HasPrefix(got, "action=DEFER") {
				t.Fatalf("answer %q", got)
			}
			synctest.Wait() // until it rests
		}
	})
	if n := s.Count(TurnedAway); n != many {
		t.Errorf("%d were turned away, want %d", n, many)
	}
}

// Clients that all hang in the midst of a request keep the others waiting for
// no longer than a request may take.
func TestACrowdThatHangs(t *testing.T) {
	s := newServer(Policy)
	serving(t, s, func(p *pipes) {
		for range maxConns {
			conn := p.dial()
			if _, err := io.WriteString(conn, "request=smtpd_access_policy\n"); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if got := ask(t, p.dial(), asks("192.0.2.1")); got != dunno {
			t.Errorf("answer %q", got)
		}
		if took := time.Since(began); took > 2*slowest {
			t.Errorf("answered after %v", took)
		}
	})
}
