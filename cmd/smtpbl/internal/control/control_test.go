package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

// callAsOther makes the test binary a client that calls the socket named by
// this variable, for the test that runs it as another user.
const callAsOther = "SMTPBL_TEST_CALL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(callAsOther); dir != "" {
		_, err := Call(context.Background(), dir, &Request{Op: OpStatus})
		fmt.Fprintln(os.Stdout, err)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// serve runs a server in a directory of its own until the test ends.
func serve(t *testing.T, h Handle) (dir string) {
	t.Helper()
	dir = t.TempDir()
	srv, err := Listen(dir, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, SocketName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left behind: %v", err)
		}
	})
	return dir
}

func TestCall(t *testing.T) {
	want := &Request{Op: OpAdd, Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, For: time.Hour, Reason: "ünïcode"}
	var got Request
	dir := serve(t, func(_ context.Context, req *Request) *Response {
		got = *req
		return &Response{Changed: req.Prefixes}
	})
	resp, err := Call(t.Context(), dir, want)
	if err != nil {
		t.Fatal(err)
	}
	opt := cmpopts.EquateComparable(netip.Prefix{})
	if diff := cmp.Diff(*want, got, opt); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Prefixes, resp.Changed, opt); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

func TestTheServicesErrorComesBack(t *testing.T) {
	dir := serve(t, func(context.Context, *Request) *Response {
		return &Response{Error: "no", Hint: "ask nicely"}
	})
	_, err := Call(t.Context(), dir, &Request{Op: OpFlush})
	var remote *RemoteError
	if !errors.As(err, &remote) || remote.Error() != "no" || remote.Hint() != "ask nicely" {
		t.Errorf("got %v", err)
	}
}

func TestNoService(t *testing.T) {
	empty := t.TempDir()
	stale := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(stale, SocketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{empty, stale, filepath.Join(empty, "missing")} {
		if _, err := Call(t.Context(), dir, &Request{Op: OpStatus}); !errors.Is(err, ErrNoService) {
			t.Errorf("Call without a service: %v", err)
		}
	}
	srv, err := Listen(stale, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("a left-over socket keeps the service from starting: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Serve(ctx); err != nil {
		t.Error(err)
	}
}

func TestOnlyRootGetsIn(t *testing.T) {
	if os.Geteuid() != 0 {
		nstest.Lacks(t, "needs root to become another user")
	}
	asked := make(chan struct{}, 1)
	dir := serve(t, func(context.Context, *Request) *Response {
		asked <- struct{}{}
		return &Response{}
	})
	info, err := os.Stat(filepath.Join(dir, SocketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket mode is %v, %v; want 0600", info.Mode().Perm(), err)
	}
	// Even where every mode is open, the peer's user decides. The client is
	// copied to where any user can execute it.
	open := openPath(t, dir)
	for _, mode := range []os.FileMode{0o666, 0o600} {
		if err := os.Chmod(filepath.Join(open.dir, SocketName), mode); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(open.program)
		cmd.Env = append(os.Environ(), callAsOther+"="+open.dir)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if !strings.Contains(string(out), "only root") {
			t.Errorf("mode %v: another user heard %q", mode, out)
		}
	}
	select {
	case <-asked:
		t.Error("the request of another user was handled")
	default:
	}
}

type opened struct{ dir, program string }

// openPath makes a socket directory reachable for everyone, under a short
// path of its own, and puts the test binary beside it.
func openPath(t *testing.T, dir string) opened {
	t.Helper()
	public, err := os.MkdirTemp("", "ctl") //nolint:usetesting // t.TempDir is for root alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(public) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(public, "client")
	socket := filepath.Join(public, SocketName)
	err = errors.Join(os.WriteFile(program, binary, 0o755), os.Chmod(public, 0o755),
		os.Link(filepath.Join(dir, SocketName), socket), os.Chmod(socket, 0o666))
	if err != nil {
		t.Fatal(err)
	}
	return opened{dir: public, program: program}
}

func TestOddRequests(t *testing.T) {
	dir := serve(t, func(context.Context, *Request) *Response { return &Response{} })
	for name, text := range map[string]string{
		"not JSON":      "hello\n",
		"wrong type":    `{"op": 7}` + "\n",
		"unknown field": `{"op": "status", "uid": 0}` + "\n",
		"bad prefix":    `{"op": "add", "prefixes": ["300.1.1.1/32"]}` + "\n",
		"nothing":       "",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(dir, SocketName), Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			var resp Response
			if err := json.NewDecoder(conn).Decode(&resp); err != nil || resp.Error == "" {
				t.Errorf("answer %+v, %v; want an error", resp, err)
			}
		})
	}
}

// TestClientsDoNotHoldTheService up when it stops: one that asks nothing, one
// that does not read its answer, and one that is being answered.
func TestClientsDoNotHoldTheService(t *testing.T) {
	dir := t.TempDir()
	asked := make(chan struct{}, 2)
	ctx, cancel := context.WithCancel(t.Context())
	srv, err := Listen(dir, func(ctx context.Context, req *Request) *Response {
		asked <- struct{}{}
		if req.Op == OpStatus {
			<-ctx.Done()
			return &Response{Error: "stopping"}
		}
		return &Response{Error: strings.Repeat("much", 4<<20)}
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	for _, text := range []string{"", `{"op": "list"}`} {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(dir, SocketName), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	answered := make(chan error, 1)
	go func() {
		_, err := Call(context.Background(), dir, &Request{Op: OpStatus})
		answered <- err
	}()
	<-asked
	<-asked
	start := time.Now()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took >= patience {
		t.Errorf("stopping took %v", took)
	}
	var remote *RemoteError
	if err := <-answered; !errors.As(err, &remote) || remote.Message != "stopping" {
		t.Errorf("the one who was being answered got %v", err)
	}
}

// TestCallEndsWithItsContext, although the service does not answer.
// TestNoMoreDescriptors: a client that cannot be taken does not end the service.
func TestNoMoreDescriptors(t *testing.T) {
	dir := serve(t, func(context.Context, *Request) *Response { return &Response{} })
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	next, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The client's socket is the last descriptor that there may be.
	scarce := before
	scarce.Cur = uint64(next) + 1
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &scarce); err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		unix.Connect(next, &unix.SockaddrUnix{Name: filepath.Join(dir, SocketName)}),
		unix.Shutdown(next, unix.SHUT_WR), unix.SetsockoptTimeval(next, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 300_000}),
	)
	_, early := unix.Read(next, make([]byte, 1)) // nobody takes it: what is tried fails
	err = errors.Join(err, unix.Setrlimit(unix.RLIMIT_NOFILE, &before), unix.Close(next))
	if err != nil || !errors.Is(early, unix.EAGAIN) {
		t.Fatalf("%v; read %v", err, early)
	}
	if _, err := Call(t.Context(), dir, &Request{Op: OpStatus}); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := serve(t, func(ctx context.Context, _ *Request) *Response {
		cancel()
		<-ctx.Done()
		return &Response{}
	})
	if _, err := Call(ctx, dir, &Request{Op: OpStatus}); !errors.Is(err, context.Canceled) {
		t.Errorf("Call: %v", err)
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte(`{"op":"add","prefixes":["198.51.100.0/24"],"for_ns":3600000000000,"reason":"x"}`))
	f.Add([]byte(`{"op":`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var req Request
		if readMessage(bytes.NewReader(data), maxRequest, &req) != nil {
			return
		}
		for _, p := range req.Prefixes {
			if p.IsValid() && p.Addr().BitLen() == 0 {
				t.Fatalf("prefix %v", p)
			}
		}
	})
}
