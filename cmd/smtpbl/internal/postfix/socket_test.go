package postfix

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// run runs a Server on a socket until the test ends.
func run(t *testing.T, s *Server) (stop func()) {
	t.Helper()
	told := make(chan error, 1)
	s.cfg.Listening = func(err error) { told <- err }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, func() {}) }()
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

func TestARemovedSocketIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := newServer(Policy)
	s.cfg.Path = path
	defer run(t, s)()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s.Up() {
		t.Error("it says that the socket is there")
	}
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
		var tried atomic.Int32
		go func() { done <- s.Run(ctx, func() { tried.Add(1) }) }()
		for range 3 {
			if err := <-told; err == nil || s.Up() {
				t.Fatalf("told %v, up: %v", err, s.Up())
			}
		}
		synctest.Wait()
		if n := tried.Load(); n != 3 {
			t.Errorf("3 attempts are told as %d", n)
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
