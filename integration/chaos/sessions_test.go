package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// soon is how long anything may take that takes milliseconds on an idle
// machine; silence is how long nothing may come.
const (
	soon    = 15 * time.Second
	silence = 300 * time.Millisecond
)

// TestSessions bans addresses that have an SMTP session open. What they say
// then is never heard, and with kill_sessions the server's socket ends.
func TestSessions(t *testing.T) {
	for name, kills := range map[string]bool{"ended": true, "stalled": false} {
		t.Run(name, func(t *testing.T) {
			l := needLab(t)
			c := &campaign{options: options{protected: true, sessions: kills}, ctx: t.Context(), lab: l}
			if err := errors.Join(clean(), c.start()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := c.end(); err != nil {
					t.Error(err)
				}
			})
			listener := listen(t, l)
			for _, addr := range []netip.Addr{host4(1, 1), host6(1, 1)} {
				testSession(t, l, listener, addr, kills)
			}
		})
	}
}

func testSession(t *testing.T, l *lab.Lab, listener net.Listener, addr netip.Addr, kills bool) {
	client, server := connect(t, l, listener, addr)
	if _, err := l.Smtpbl("set", "add", addr.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, "AUTH LOGIN\r\n"); err != nil && !kills {
		t.Errorf("%s: write: %v", addr, err) // where it was ended, the client may know already
	}
	wait := silence
	if kills {
		wait = soon
	}
	if err := server.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	n, err := server.Read(make([]byte, 100))
	switch {
	case n > 0:
		t.Errorf("%s is banned and was heard", addr)
	case kills && !errors.Is(err, unix.ECONNABORTED):
		t.Errorf("%s: the server's socket has %v, want that it was ended", addr, err)
	case !kills && !errors.Is(err, os.ErrDeadlineExceeded):
		t.Errorf("%s: the server's socket has %v, want silence", addr, err)
	}
}

// listen waits for clients on port 25 of the mail server.
func listen(t *testing.T, l *lab.Lab) net.Listener {
	t.Helper()
	var listener net.Listener
	err := l.MX.Do(func() (err error) {
		listener, err = net.Listen("tcp", ":25")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// connect opens a session in which client and server have talked.
func connect(t *testing.T, l *lab.Lab, listener net.Listener, addr netip.Addr) (client, server net.Conn) {
	t.Helper()
	client, err := l.Attacker.Dial(addr, lab.PortSMTP, soon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
		_, err := io.WriteString(from, "hello\r\n")
		line, readErr := bufio.NewReader(to).ReadString('\n')
		if err = errors.Join(err, readErr, to.SetReadDeadline(time.Time{})); err != nil || line != "hello\r\n" {
			t.Fatalf("%s: %q, %v", addr, line, err)
		}
	}
	return client, server
}
