package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// needRoot skips the test where we are not among those that a Syslog believes;
// where everything must be tested, that is a failure.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatal("root is needed")
	}
	t.Skip("root is needed")
}

// listening is a Syslog with its goroutine.
type listening struct {
	*Syslog
	*sink
	stop func()
}

// listenOn starts a Syslog on the sockets; stop ends it.
func listenOn(t *testing.T, listen ...string) *listening {
	t.Helper()
	l := &listening{
		Syslog: NewSyslog(SyslogConfig{Listen: listen, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}),
		sink:   newSink(),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, l.sink) }()
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(l.stop)
	await(t, l.Ready(), "the sockets are open")
	return l
}

// dial connects to the n-th socket.
func (l *listening) dial(t *testing.T, n int) net.Conn {
	t.Helper()
	network, addr, _ := strings.Cut(l.open[n].place(), ":")
	if network == "unix" {
		network = "unixgram"
	}
	conn, err := net.Dial(network, addr)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// say sends a message, which is one write.
func say(t *testing.T, conn net.Conn, message string) {
	t.Helper()
	_, err := conn.Write([]byte(message))
	must(t, err)
}

// wantStats waits until the counters are as given.
func (l *listening) wantStats(t *testing.T, want Stats) {
	t.Helper()
	var diff string
	eventually(t, func() bool {
		diff = cmp.Diff(want, l.Stats(), cmpopts.IgnoreFields(Stats{}, "LastLine", "Bytes"))
		return diff == ""
	}, func() string { return "counters (-want +got):\n" + diff })
}

func TestSyslogSockets(t *testing.T) {
	needRoot(t)
	l := listenOn(t, "unix:"+filepath.Join(t.TempDir(), "log"), "udp:127.0.0.1:0", "tcp:127.0.0.1:0", "udp:[::1]:0", "tcp:[::1]:0")
	for n, sock := range l.open {
		conn := l.dial(t, n)
		for i := range 3 {
			text := fmt.Sprintf("%s says %d", sock.place(), i)
			say(t, conn, "<22>Nov 24 00:27:04 mx1 postfix/smtpd[1]: "+text+"\n")
			l.want(t, true, text)
		}
	}
	l.wantStats(t, Stats{Lines: 15})
	if pos := *l.last(); pos != (Position{Source: SyslogSource}) {
		t.Errorf("position %+v", pos)
	}
}

func TestSyslogLine(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 30, 0, 0, time.UTC)
	stamp := now.Add(-time.Minute)
	s := NewSyslog(SyslogConfig{
		Now: func() time.Time { return now },
		Stamp: func(text []byte, ref time.Time, _ *time.Location) (time.Time, bool) {
			return stamp, string(text) == "Nov 24 00:29:00" && ref.Equal(now)
		},
	})
	s.put([]byte("<22>Nov 24 00:29:00 mx1 postfix/smtpd[12]: two\nlines\r\n"))
	got := s.inbox.empty(mail{})
	var lines []Line
	s.hand(&got, lineFunc(func(l *Line) { lines = append(lines, *l) }))
	want := []Line{{Text: []byte("two lines"), Tag: []byte("postfix/smtpd"), PID: []byte("12"), Stamp: stamp, Arrival: now, Live: true}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// lineFunc is a Handler that only wants lines.
type lineFunc func(l *Line)

func (f lineFunc) Line(l *Line)  { f(l) }
func (f lineFunc) Done(Position) {}

func TestSyslogGarbage(t *testing.T) {
	needRoot(t)
	l := listenOn(t, "udp:127.0.0.1:0", "tcp:127.0.0.1:0")
	udp := l.dial(t, 0)
	for _, garbage := range []string{"", "\x00", "x", "<22>", "<22>nobody says this", strings.Repeat("<", 60000)} {
		say(t, udp, garbage)
	}
	l.wantStats(t, Stats{Refused: 6})
	web := l.dial(t, 1)
	say(t, web, "GET / HTTP/1.0\r\n\r\n")
	if n, err := web.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes where the connection must be closed", n)
	}
	torn := l.dial(t, 1)
	say(t, torn, "50 <22>half a mess")
	must(t, torn.Close())
	l.wantStats(t, Stats{Refused: 8})
	say(t, udp, "<22>exim: all the same")
	l.want(t, true, "all the same")
}

// asUser runs logger as a user who is not believed.
func asUser(t *testing.T, args ...string) error {
	t.Helper()
	program, err := exec.LookPath("logger")
	must(t, err)
	cmd := exec.Command(program, append(args, "-t", "postfix/smtpd", "forged")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: firstUser, Gid: firstUser}}
	return cmd.Run()
}

// socketPath is a path that every user can reach.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "smtpbl") //nolint:usetesting // nobody else may enter the directory of a test
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755)) //nolint:gosec // that is the point
	return filepath.Join(dir, "log")
}

func TestSyslogRefusesUsers(t *testing.T) {
	needRoot(t)
	path := socketPath(t)
	l := listenOn(t, "unix:"+path, "udp:127.0.0.1:0", "tcp:127.0.0.1:0")
	_ = asUser(t, "-u", path)      // whether logger tells of it depends on its version
	must(t, os.Chmod(path, 0o666)) //nolint:gosec // the credentials alone must do
	must(t, asUser(t, "-u", path))
	l.wantStats(t, Stats{Refused: 1}) // the first did not arrive at all
	for n, flag := range map[int]string{1: "-d", 2: "-T"} {
		_, port, _ := strings.Cut(l.open[n].place(), "127.0.0.1:")
		_ = asUser(t, "-n", "127.0.0.1", flag, "-P", port) // we may hang up on it
	}
	l.wantStats(t, Stats{Refused: 3})
	l.silent(t)
}

func TestSyslogSocketMode(t *testing.T) {
	needRoot(t)
	path := socketPath(t)
	l := listenOn(t, "unix:"+path)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	l.stop()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

// A socket that a crash has left behind makes room, anything else does not
// until it is gone. The other sockets work meanwhile.
func TestSyslogSocketInTheWay(t *testing.T) {
	needRoot(t)
	path := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(path, nil, 0o600))
	var log bytes.Buffer
	s := NewSyslog(SyslogConfig{
		Listen: []string{"unix:" + path, "udp:127.0.0.1:0"},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	s.retry = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, newSink()) }()
	await(t, s.Ready(), "the other socket is open")
	must(t, os.Remove(path))
	left, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	seen := s.Stats().Errors
	eventually(t, func() bool { return s.Stats().Errors > seen+1 }, func() string { return "took another program's socket" })
	must(t, left.Close())
	eventually(t, func() bool { return s.Stats().Reopens == 1 }, func() string { return "the socket was not opened" })
	cancel()
	must(t, <-ended)
	if !strings.Contains(log.String(), "no socket is in the way") || strings.Count(log.String(), "level=ERROR") != 1 {
		t.Errorf("logged %s", log.String())
	}
}

func TestSyslogNeverListens(t *testing.T) {
	for listen, want := range map[string]string{
		"":                  "neither",
		"127.0.0.1:514":     "neither",
		"unix:log":          "absolute",
		"udp:localhost:514": "localhost",
		"tcp:127.0.0.1":     "port",
	} {
		err := NewSyslog(SyslogConfig{Listen: []string{"udp:127.0.0.1:0", listen}}).Run(t.Context(), newSink())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", listen, err, want)
		}
	}
	if err := NewSyslog(SyslogConfig{}).Run(t.Context(), newSink()); err == nil {
		t.Error("ran without a socket")
	}
}

func TestCheckListener(t *testing.T) {
	if err := CheckListener("unix:/run/smtpbl/log"); err != nil {
		t.Error(err)
	}
	if err := CheckListener("udp:514"); err == nil {
		t.Error("no address was accepted")
	}
}

// The handler is busy while more comes than there is room for.
func TestSyslogDrops(t *testing.T) {
	needRoot(t)
	l := listenOn(t, "tcp:127.0.0.1:0")
	busy, resume := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(busy); <-resume })
	l.done = func(Position) { first() }
	conn := l.dial(t, 0)
	say(t, conn, "<22>a: first\n")
	await(t, busy, "the handler is busy")
	const more = 100
	for i := range inboxMessages + more {
		if i%1024 == 0 {
			say(t, conn, "<22>a: "+strconv.Itoa(i)+"\n")
			continue
		}
		say(t, conn, "<22>a: x\n")
	}
	eventually(t, func() bool { return l.Stats().Dropped == more }, func() string { return fmt.Sprintf("counted %+v", l.Stats()) })
	close(resume)
	l.wantStats(t, Stats{Lines: inboxMessages + 1, Dropped: more})
	say(t, conn, "<22>a: again\n")
	l.wantStats(t, Stats{Lines: inboxMessages + 2, Dropped: more})
}

func TestSyslogKernelDrops(t *testing.T) {
	needRoot(t)
	s := NewSyslog(SyslogConfig{})
	where, err := parseListener("udp:127.0.0.1:0")
	must(t, err)
	sock, err := s.listen(t.Context(), where)
	must(t, err)
	l := &listening{Syslog: s, sink: newSink()}
	l.open = []socket{sock}
	conn := l.dial(t, 0)
	must(t, sock.(*udpSocket).SetReadBuffer(1<<12))
	for range 100 { // nobody reads yet
		say(t, conn, "<22>a: "+strings.Repeat("x", 1000))
	}
	var readers sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	readers.Go(func() { sock.serve(ctx) })
	// The count comes with a datagram that was queued after the loss.
	eventually(t, func() bool {
		say(t, conn, "<22>a: more")
		return s.Stats().Dropped > 50
	}, func() string { return fmt.Sprintf("counted %+v", s.Stats()) })
	cancel()
	must(t, sock.Close())
	readers.Wait()
}

func TestSyslogTooManySenders(t *testing.T) {
	needRoot(t)
	l := listenOn(t, "tcp:127.0.0.1:0")
	for i := range maxSenders {
		say(t, l.dial(t, 0), fmt.Sprintf("<22>a: %d\n", i))
	}
	l.take(t, maxSenders)
	extra := l.dial(t, 0)
	if n, err := extra.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes where the connection must be closed", n)
	}
	l.wantStats(t, Stats{Lines: maxSenders, Refused: 1})
}

func TestSyslogTellsOfCutNames(t *testing.T) {
	var logged strings.Builder
	s := NewSyslog(SyslogConfig{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	for _, message := range []string{
		"<22>1 - mx1 postfix/smtpd 1 - - x", "<22>Nov 24 00:27:04 mx1 postfix[1]: x", "<22>1 - mx1 postfix 1 - - x", "<191>1 - mx1 postfix 2 - - x",
	} {
		s.put([]byte(message))
	}
	got := s.inbox.empty(mail{})
	s.hand(&got, newSink())
	if n := strings.Count(logged.String(), "permitSlashInProgramName"); n != 1 {
		t.Errorf("told %d times, want once: %s", n, logged.String())
	}
}

func TestSyslogStrangersAreWarnedOf(t *testing.T) {
	var logged strings.Builder
	s := NewSyslog(SyslogConfig{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	for _, text := range []string{"udp:127.0.0.1:514", "unix:/run/log", "tcp:[::1]:514", "tcp:0.0.0.0:514", "udp:192.0.2.1:514"} {
		where, err := parseListener(text)
		must(t, err)
		s.announce(where, text)
	}
	if n := strings.Count(logged.String(), "level=WARN"); n != 2 {
		t.Errorf("warned %d times, want 2: %s", n, logged.String())
	}
}

// BenchmarkSyslogInbox is a message's way from a reader to the handler.
func BenchmarkSyslogInbox(b *testing.B) {
	s := NewSyslog(SyslogConfig{})
	message := []byte("<22>2026-11-24T00:27:04.797348+00:00 mx1 postfix/smtpd[123]: warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: x")
	nothing := lineFunc(func(*Line) {})
	var got mail
	b.ReportAllocs()
	for b.Loop() {
		for range 1000 {
			s.put(message)
		}
		got = s.inbox.empty(got)
		s.hand(&got, nothing)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1000/float64(b.N), "ns/message")
}
