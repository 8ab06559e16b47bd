package nft

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// TestKill has connections from five addresses to three ports and kills what
// some prefixes cover. The same is done with listeners for one family each and
// with listeners for both, where IPv4 comes mapped into IPv6.
func TestKill(t *testing.T) {
	tests := []struct {
		prefixes []string
		ended    []string
	}{
		{[]string{"192.0.2.10/32"}, []string{"192.0.2.10"}},
		{[]string{"::ffff:192.0.2.10/128"}, []string{"192.0.2.10"}},
		{[]string{"192.0.2.10/24"}, []string{"192.0.2.10", "192.0.2.11"}},
		{[]string{"2001:db8:1::/64"}, []string{"2001:db8:1::5"}},
		{[]string{"2001:db8:1::/48", "192.0.3.7/32"}, []string{"192.0.3.7", "2001:db8:1::5", "2001:db8:1:1::5"}},
		{[]string{"192.0.2.12/32", "2001:db8:1:2::/64", "198.51.100.0/24"}, nil},
		{nil, nil},
	}
	for _, networks := range [][]string{{"tcp4", "tcp6"}, {"tcp"}} {
		t.Run(fmt.Sprint(networks), func(t *testing.T) {
			t.Parallel()
			l := newSessionLab(t, 25, 587)
			listeners := l.listeners(t, networks, 22, 25, 587)
			for _, tt := range tests {
				t.Run(fmt.Sprint(tt.prefixes), func(t *testing.T) {
					testKill(t, l, listeners, tt.prefixes, tt.ended)
				})
			}
		})
	}
}

// flow is a family and port of the server.
type flow struct {
	v6   bool
	port uint16
}

// listeners listens on the ports with one listener for each network.
func (l *sessionLab) listeners(t *testing.T, networks []string, ports ...uint16) map[flow]net.Listener {
	t.Helper()
	listeners := map[flow]net.Listener{}
	for _, port := range ports {
		for _, network := range networks {
			listener := l.listen(t, network, port)
			if network != "tcp6" {
				listeners[flow{false, port}] = listener
			}
			if network != "tcp4" {
				listeners[flow{true, port}] = listener
			}
		}
	}
	return listeners
}

func testKill(t *testing.T, l *sessionLab, listeners map[flow]net.Listener, prefixes, ended []string) {
	kills := 0
	condemned := map[session]bool{}
	for f, listener := range listeners {
		for _, src := range sources {
			if netip.MustParseAddr(src).Is6() == f.v6 {
				s := l.connect(t, listener, src)
				condemned[s] = f.port != 22 && slices.Contains(ended, src)
				if condemned[s] {
					kills++
				}
			}
		}
	}
	if kills != 2*len(ended) {
		t.Fatalf("%d connections to kill, want %d", kills, 2*len(ended))
	}
	l.kill(t, kills, prefixes...)
	for s, want := range condemned {
		name := s.server.RemoteAddr().String() + " to " + s.server.LocalAddr().String()
		if got := s.ended(t); got != want {
			t.Errorf("%s ended: %v, want %v", name, got, want)
		} else if want {
			s.wantReset(t, name)
		} else {
			s.wantAlive(t, name)
		}
	}
	l.kill(t, 0, prefixes...)
}

// TestKillEveryState kills connections that one side has closed already, and
// one that the server has not accepted.
func TestKillEveryState(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	listener := l.listen(t, "tcp", 25)
	closeWait := l.connect(t, listener, "192.0.2.10")
	if err := closeWait.client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := closeWait.server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("read %v, want the end", err)
	}
	finWait := l.connect(t, listener, "192.0.2.10")
	if err := finWait.server.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if !l.client.Connects(t, netip.MustParseAddr("192.0.2.10"), netip.AddrPortFrom(server4, 25)) {
		t.Fatal("no connection that waits to be accepted")
	}
	l.kill(t, 3, "192.0.2.10/32")
	for name, s := range map[string]session{"CLOSE_WAIT": closeWait, "FIN_WAIT": finWait} {
		if _, err := s.server.Write([]byte("x")); err == nil {
			t.Errorf("%s: the server can still write", name)
		}
	}
	l.kill(t, 0, "192.0.2.10/32")
}

// TestKillSpares keeps connections of allowed addresses and of the machine
// itself, as the rules of the table do.
func TestKillSpares(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	listener := l.listen(t, "tcp", 25)
	allow := []netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.8/125"), netip.MustParsePrefix("2001:db8:1:1::5/128")}
	if err := l.sessions.SetAllow(allow); err != nil {
		t.Fatal(err)
	}
	open := map[string]session{}
	for _, src := range sources {
		open[src] = l.connect(t, listener, src)
	}
	itself := &sessionLab{server: l.server, client: l.server}
	for _, src := range []string{"127.0.0.1", "::1"} {
		addr := netip.MustParseAddr(src)
		open[src] = itself.connectTo(t, listener, addr, netip.AddrPortFrom(addr, 25))
	}
	l.kill(t, 2, "192.0.2.0/23", "2001:db8:1::/48", "127.0.0.1/32", "::1/128")
	for src, s := range open {
		if src == "192.0.3.7" || src == "2001:db8:1::5" {
			s.wantReset(t, src)
			continue
		}
		s.wantAlive(t, src)
	}
	if err := l.sessions.SetAllow(nil); err != nil {
		t.Fatal(err)
	}
	l.kill(t, 3, "192.0.2.0/23", "2001:db8:1::/48", "127.0.0.1/32", "::1/128")
}

// TestKillManyPorts guards more ports than the kernel is given a filter for.
func TestKillManyPorts(t *testing.T) {
	for _, n := range []uint16{1, 2, maxFilterPorts, maxFilterPorts + 1} {
		t.Run(strconv.Itoa(int(n)), func(t *testing.T) {
			t.Parallel()
			ports := make([]uint16, n)
			for i := range ports {
				ports[i] = 1000 + uint16(i)
			}
			l := newSessionLab(t, ports...)
			for _, port := range []uint16{1000, 1000 + n - 1} {
				listener := l.listen(t, "tcp", port)
				s := l.connect(t, listener, "192.0.2.10")
				l.kill(t, 1, "192.0.2.10/32")
				s.wantReset(t, listener.Addr().String())
				_ = listener.Close()
			}
			s := l.connect(t, l.listen(t, "tcp", 1000+n), "192.0.2.10")
			l.kill(t, 0, "192.0.2.10/32")
			s.wantAlive(t, "the port behind the last")
		})
	}
}

// TestSessionsErrors asks for what cannot be done.
func TestSessionsErrors(t *testing.T) {
	t.Parallel()
	if _, err := OpenSessions(nil); !errors.Is(err, ErrConfig) {
		t.Errorf("OpenSessions without ports: %v, want ErrConfig", err)
	}
	s := openSessions(t, nettest.New(t), 25)
	for _, prefix := range []netip.Prefix{{}, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("2000::/3")} {
		if _, err := s.Kill([]netip.Prefix{prefix}); !errors.Is(err, ErrPrefix) {
			t.Errorf("Kill(%v): %v, want ErrPrefix", prefix, err)
		}
	}
	if err := s.SetAllow([]netip.Prefix{{}}); !errors.Is(err, ErrPrefix) {
		t.Errorf("SetAllow of no prefix: %v, want ErrPrefix", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Kill([]netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}); err == nil {
		t.Error("Kill after Close succeeds")
	}
}

// TestKillWithoutCapability drops the capabilities of the thread that kills.
func TestKillWithoutCapability(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	open := l.connect(t, l.listen(t, "tcp", 25), "192.0.2.10")
	var killed error
	err := l.server.Do(func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			return err
		}
		_, killed = l.sessions.Kill([]netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(killed, ErrPermission) || !errors.Is(killed, unix.EPERM) {
		t.Errorf("Kill without capabilities: %v, want ErrPermission", killed)
	}
	open.wantAlive(t, "the connection")
}

// TestKillAll ends connections to every port, and those that the machine opened,
// and spares allowed addresses, others and the machine itself.
func TestKillAll(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	if err := l.sessions.SetAllow([]netip.Prefix{netip.MustParsePrefix("192.0.2.11/32")}); err != nil {
		t.Fatal(err)
	}
	open := map[string]session{}
	for _, port := range []uint16{22, 25} {
		listener := l.listen(t, "tcp", port)
		for _, src := range sources {
			open[fmt.Sprint(src, " to ", port)] = l.connect(t, listener, src)
		}
		loopback := netip.MustParseAddr("127.0.0.1")
		itself := &sessionLab{server: l.server, client: l.server}
		open[fmt.Sprint("itself to ", port)] = itself.connectTo(t, listener, loopback, netip.AddrPortFrom(loopback, port))
	}
	// The client listens, and its end is the remote one.
	there := &sessionLab{server: l.client, client: l.server}
	out := there.connectTo(t, there.listen(t, "tcp", 8025), server4, netip.MustParseAddrPort("192.0.2.10:8025"))
	open["out"] = session{server: out.client, client: out.server}
	killed, err := l.sessions.KillAll([]netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/64"), netip.MustParsePrefix("127.0.0.0/8"),
	})
	if killed != 5 || err != nil {
		t.Errorf("KillAll = %d, %v, want 5", killed, err)
	}
	for name, s := range open {
		switch name {
		case "192.0.2.10 to 22", "192.0.2.10 to 25", "2001:db8:1::5 to 22", "2001:db8:1::5 to 25", "out":
			s.wantReset(t, name)
		default:
			s.wantAlive(t, name)
		}
	}
	l.kill(t, 0, "192.0.2.0/24")
}
