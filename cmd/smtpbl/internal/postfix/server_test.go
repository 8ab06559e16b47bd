package postfix

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
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
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
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
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
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
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
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

// run runs a Server on a socket until the test ends.
func run(t *testing.T, s *Server) (stop func()) {
	t.Helper()
	told := make(chan error, 1)
	s.cfg.Listening = func(err error) { told <- err }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := newServer(Policy)
	s.cfg.Path = path
	stop := run(t, s)
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != socketMode || !s.Up() {
		t.Errorf("the socket is %v, %v; up: %v", info, err, s.Up())
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := ask(t, conn, asks("192.0.2.1")); got != dunno {
		t.Errorf("answer %q", got)
	}
	stop()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
	if s.Up() {
		t.Error("it says that the socket is there")
	}
}

// TestManyAtOnce has 10,000 clients come at once, each with a connection of its
// own.
func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := newServer(Map)
	s.cfg.Path = path
	defer run(t, s)()
	const many, atOnce = 10_000, 2000
	var clients sync.WaitGroup
	room := make(chan struct{}, atOnce) // our own descriptors are bounded too
	for i := range many {
		room <- struct{}{}
		clients.Go(func() {
			defer func() { <-room }()
			if err := askOnce(path, i); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	if diff := cmp.Diff(map[Result]uint64{TurnedAway: many / 2, Passed: many / 2}, counted(s)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func askOnce(path string, i int) error {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	key, want := "198.51.100.7", "OK "
	if i%2 == 0 {
		key, want = "192.0.2.1", "NOTFOUND "
	}
	if _, err := io.WriteString(conn, netstringOf("smtpbl "+key)); err != nil {
		return err
	}
	b := make([]byte, 1<<10)
	n, err := conn.Read(b)
	if err == nil && !strings.Contains(string(b[:n]), want) {
		err = fmt.Errorf("%s is answered %q", key, b[:n])
	}
	return err
}

func TestALeftOverIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := newServer(Policy)
	s.cfg.Path = path
	run(t, s)()
}

func TestWhatIsInTheWayStays(t *testing.T) {
	tests := map[string]func(path string) (undo func(), err error){
		"a listener": func(path string) (func(), error) {
			l, err := net.Listen("unix", path)
			return func() { _ = l.Close() }, err
		},
		"a file":      func(path string) (func(), error) { return func() {}, os.WriteFile(path, []byte("x"), 0o600) },
		"a directory": func(path string) (func(), error) { return func() {}, os.Mkdir(path, 0o700) },
		"a link":      func(path string) (func(), error) { return func() {}, os.Symlink("/nowhere", path) },
	}
	for name, put := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			undo, err := put(path)
			if err != nil {
				t.Fatal(err)
			}
			defer undo()
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := listen(t.Context(), path); err == nil {
				t.Error("the socket was made")
			}
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) {
				t.Errorf("what was there is not any more: %v, %v", after, err)
			}
		})
	}
}

// A socket that another has put into its place is not removed.
func TestAnothersSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other's socket is gone: %v", err)
	}
}

// A socket that cannot be made is told, and tried again for ever.
func TestASocketThatCannotBeMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 1)
		s := newServer(Policy)
		s.cfg.Path, s.cfg.Listening = filepath.Join(dir, "s"), func(err error) { told <- err }
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		for range 3 {
			if err := <-told; err == nil || s.Up() {
				t.Fatalf("told %v, up: %v", err, s.Up())
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// open must not follow a link that has taken the socket's place.
func TestTheModeOfNothingElseChanges(t *testing.T) {
	dir := t.TempDir()
	secret, path := filepath.Join(dir, "secret"), filepath.Join(dir, "s")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, path); err != nil {
		t.Fatal(err)
	}
	if err := open(path); err == nil {
		t.Error("no error")
	}
	var st syscall.Stat_t
	if err := syscall.Stat(secret, &st); err != nil || st.Mode&0o777 != 0o600 {
		t.Errorf("mode %o, %v", st.Mode, err)
	}
}
