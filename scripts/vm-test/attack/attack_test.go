package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve is a mail server that knows one user and logs nothing. It answers until
// the test ends.
func serve(t *testing.T, handle func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go handle(conn)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// speak answers each command by its first word.
func speak(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	fmt.Fprint(conn, "220 mx ESMTP\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch word, rest, _ := strings.Cut(lines.Text(), " "); {
		case word == "EHLO":
			fmt.Fprint(conn, "250-mx\r\n250 AUTH PLAIN\r\n")
		case word == "AUTH" && rest == "PLAIN AGFsaWNlAHNlY3JldDE=": // alice, secret1
			fmt.Fprint(conn, "235 2.7.0 welcome\r\n")
		case word == "AUTH":
			fmt.Fprint(conn, "535 5.7.8 no\r\n")
		default:
			fmt.Fprint(conn, "221 bye\r\n")
			return
		}
	}
}

// attackWith runs the program as from a command line, on a server of loopback.
func attackWith(t *testing.T, port int, args ...string) []Attempt {
	t.Helper()
	var out, complaints bytes.Buffer
	args = append([]string{"-to", "127.0.0.1", "-port", strconv.Itoa(port)}, args...)
	if code := run(t.Context(), args, &out, &complaints); code != 0 {
		t.Fatalf("exit code %d: %s", code, &complaints)
	}
	var all []Attempt
	for line := range strings.Lines(out.String()) {
		var a Attempt
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, a)
	}
	return all
}

func TestOutcomes(t *testing.T) {
	silent := func(net.Conn) { select {} }
	busy := func(conn net.Conn) { fmt.Fprint(conn, "421 4.7.0 too many\r\n"); _ = conn.Close() }
	reset := func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0); _ = conn.Close() }
	hangUp := func(conn net.Conn) { _ = conn.Close() }
	for _, tt := range []struct {
		want   string
		handle func(net.Conn)
		args   []string
	}{
		{"greeting", speak, nil},
		{"535", speak, []string{"-user", "alice"}},
		{"235", speak, []string{"-user", "alice", "-password", "secret1"}},
		{"421", busy, nil},
		{"timeout", silent, []string{"-answer", "50ms"}},
		{"reset", reset, nil},
		{"closed", hangUp, nil},
	} {
		t.Run(tt.want, func(t *testing.T) {
			got := attackWith(t, serve(t, tt.handle), append(tt.args, "127.0.0.2")...)
			if len(got) != 1 || got[0].Outcome != tt.want || got[0].Source.String() != "127.0.0.2" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	if got := attackWith(t, port, "127.0.0.2"); len(got) != 1 || got[0].Outcome != "refused" {
		t.Errorf("got %+v", got)
	}
}

// TestManySources comes from each source as often as it is told, and from the
// address it says.
func TestManySources(t *testing.T) {
	seen := make(chan netip.Addr, 100)
	port := serve(t, func(conn net.Conn) {
		seen <- conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
		speak(conn)
	})
	got := attackWith(t, port, "-user", "alice", "-attempts", "3", "127.0.0.2", "127.0.0.3")
	count, said := map[netip.Addr]int{}, map[netip.Addr]int{}
	for _, a := range got {
		said[a.Source]++
		count[<-seen]++
	}
	for _, source := range []string{"127.0.0.2", "127.0.0.3"} {
		if addr := netip.MustParseAddr(source); count[addr] != 3 || said[addr] != 3 {
			t.Errorf("%s came %d times and says %d", source, count[addr], said[addr])
		}
	}
}

// TestEveryDoesNotWait begins attempts while the ones before are still open.
func TestEveryDoesNotWait(t *testing.T) {
	port := serve(t, func(net.Conn) { select {} })
	got := attackWith(t, port, "-attempts", "0", "-every", "10ms", "-for", "200ms", "-answer", "300ms", "127.0.0.2")
	if len(got) < 5 {
		t.Errorf("only %d attempts", len(got))
	}
}

// TestHold tells of a connection when it is there, and again when it has ended.
func TestHold(t *testing.T) {
	for want, end := range map[string]func(net.Conn){
		"open":   func(net.Conn) { select {} },
		"closed": func(conn net.Conn) { time.Sleep(20 * time.Millisecond); _ = conn.Close() },
		"reset": func(conn net.Conn) {
			time.Sleep(20 * time.Millisecond)
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
	} {
		port := serve(t, func(conn net.Conn) {
			fmt.Fprint(conn, "220 mx ESMTP\r\n")
			_, _ = bufio.NewReader(conn).ReadString('\n')
			fmt.Fprint(conn, "250 mx\r\n")
			end(conn)
		})
		got := attackWith(t, port, "-hold", "200ms", "127.0.0.2")
		if len(got) != 2 || got[0].Outcome != "greeting" || got[0].Held != "" || got[1].Held != want {
			t.Errorf("%s: got %+v", want, got)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		nil,
		{"-to", "192.0.2.25"},
		{"-to", "192.0.2.25", "2001:db8::1"},
		{"-to", "mx", "127.0.0.2"},
		{"-to", "192.0.2.25", "-port", "70000", "127.0.0.2"},
		{"-no-such-flag"},
	} {
		var out, complaints bytes.Buffer
		if code := run(t.Context(), args, &out, &complaints); code != 2 || out.Len() > 0 || complaints.Len() == 0 {
			t.Errorf("%q: exit code %d, %q, %q", args, code, &out, &complaints)
		}
	}
}
