package nft

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// sessionLab is a server without a table of ours, so that nothing but Kill can
// disturb connections, and a client with several addresses.
type sessionLab struct {
	server, client *nettest.Namespace
	sessions       *Sessions
}

// sources are the addresses of the client.
var sources = []string{"192.0.2.10", "192.0.2.11", "192.0.3.7", "2001:db8:1::5", "2001:db8:1:1::5"}

func newSessionLab(t testing.TB, ports ...uint16) *sessionLab {
	t.Helper()
	l := &sessionLab{server: nettest.New(t), client: nettest.New(t)}
	addrs := make([]netip.Prefix, len(sources))
	for i, s := range sources {
		addr := netip.MustParseAddr(s)
		addrs[i] = netip.PrefixFrom(addr, 8)
		if addr.Is6() {
			addrs[i] = netip.PrefixFrom(addr, 16)
		}
	}
	nettest.Join(t, l.server, l.client,
		[]netip.Prefix{netip.PrefixFrom(server4, 8), netip.PrefixFrom(server6, 16)}, addrs)
	l.sessions = openSessions(t, l.server, ports...)
	return l
}

func openSessions(t testing.TB, ns *nettest.Namespace, ports ...uint16) *Sessions {
	t.Helper()
	s, err := OpenSessions(ports, WithNetNS(ns.FD()))
	if err != nil {
		t.Fatalf("OpenSessions: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// listen listens on the server; network is tcp for both families, tcp4 or tcp6.
func (l *sessionLab) listen(t testing.TB, network string, port uint16) net.Listener {
	t.Helper()
	var listener net.Listener
	err := l.server.Do(func() (err error) {
		listener, err = net.ListenTCP(network, &net.TCPAddr{Port: int(port)})
		return err
	})
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// session is both ends of a connection.
type session struct{ server, client net.Conn }

// connect makes a connection from an address of the client.
func (l *sessionLab) connect(t testing.TB, listener net.Listener, src string) session {
	t.Helper()
	addr := netip.MustParseAddr(src)
	to := netip.AddrPortFrom(server4, listener.Addr().(*net.TCPAddr).AddrPort().Port())
	if addr.Is6() {
		to = netip.AddrPortFrom(server6, to.Port())
	}
	return l.connectTo(t, listener, addr, to)
}

func (l *sessionLab) connectTo(t testing.TB, listener net.Listener, addr netip.Addr, to netip.AddrPort) session {
	t.Helper()
	var s session
	err := l.client.Do(func() (err error) {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)), Timeout: 10 * time.Second}
		s.client, err = d.DialContext(t.Context(), "tcp", to.String())
		return err
	})
	if err == nil {
		s.server, err = listener.Accept()
	}
	if err != nil {
		t.Fatalf("connect from %s: %v", addr, err)
	}
	t.Cleanup(s.close)
	return s
}

// close leaves nothing of the connection, not even for a moment, on the server.
func (s session) close() {
	_ = s.server.(*net.TCPConn).SetLinger(0)
	_ = s.server.Close()
	_ = s.client.Close()
}

// ended tells whether the server's end has an error already, without waiting for
// one.
func (s session) ended(t testing.TB) bool {
	t.Helper()
	raw, err := s.server.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got error
	err = raw.Control(func(fd uintptr) {
		_, _, got = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_DONTWAIT|unix.MSG_PEEK)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got != nil && !errors.Is(got, unix.EAGAIN) && !errors.Is(got, unix.ECONNABORTED) {
		t.Errorf("read: %v, want ECONNABORTED or nothing to read", got)
	}
	return errors.Is(got, unix.ECONNABORTED)
}

// wantAlive sends a line there and back.
func (s session) wantAlive(t testing.TB, name string) {
	t.Helper()
	for from, to := range map[net.Conn]net.Conn{s.client: s.server, s.server: s.client} {
		line := []byte("250 ok\r\n")
		got := make([]byte, len(line))
		_, err := from.Write(line)
		err = errors.Join(err, to.SetReadDeadline(time.Now().Add(10*time.Second)))
		if _, read := io.ReadFull(to, got); read != nil || err != nil || string(got) != string(line) {
			t.Errorf("%s does not live: wrote %v, read %q, %v", name, err, got, read)
		}
	}
}

// wantReset waits for the reset that the remote end gets.
func (s session) wantReset(t testing.TB, name string) {
	t.Helper()
	if err := s.client.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("%s: client reads %v, want a reset", name, err)
	}
}

func (l *sessionLab) kill(t testing.TB, want int, prefixes ...string) {
	t.Helper()
	list := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		list[i] = netip.MustParsePrefix(p)
	}
	killed, err := l.sessions.Kill(list)
	if killed != want || err != nil {
		t.Errorf("Kill(%v) = %d, %v, want %d", prefixes, killed, err, want)
	}
}
