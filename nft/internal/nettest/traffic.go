package nettest

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// connectTimeout is long for a cable inside the machine and shorter than the
// second after which a first packet that got no answer is sent again.
const connectTimeout = 400 * time.Millisecond

// Listen accepts connections to the ports, of both families, until the test
// ends.
func (ns *Namespace) Listen(t testing.TB, ports ...uint16) {
	t.Helper()
	for _, port := range ports {
		var l net.Listener
		err := ns.Do(func() (err error) {
			l, err = net.ListenTCP("tcp", &net.TCPAddr{Port: int(port)})
			return err
		})
		if err != nil {
			t.Fatalf("listen: %v", err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_ = c.Close()
			}
		}()
		t.Cleanup(func() {
			_ = l.Close()
			<-ended
		})
	}
}

// Connects tells whether a connection from src to dst comes about.
func (ns *Namespace) Connects(t testing.TB, src netip.Addr, dst netip.AddrPort) bool {
	t.Helper()
	var conn net.Conn
	err := ns.Do(func() (err error) {
		d := net.Dialer{
			LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(src, 0)),
			Timeout:   connectTimeout,
		}
		conn, err = d.DialContext(t.Context(), "tcp", dst.String())
		return err
	})
	var timeout net.Error
	switch {
	case err == nil:
		_ = conn.Close()
		return true
	case errors.As(err, &timeout) && timeout.Timeout():
		return false
	}
	t.Fatalf("connect from %s to %s: %v", src, dst, err)
	return false
}

// Sender sends single TCP packets without the help, or the retransmissions, of
// a TCP stack.
type Sender struct {
	fd int
	to unix.Sockaddr
	b  []byte
}

// Sender makes a sender of SYN packets from src to dst.
func (ns *Namespace) Sender(t testing.TB, src netip.Addr, dst netip.AddrPort) *Sender {
	t.Helper()
	s := &Sender{b: make([]byte, 20), to: sockaddr(dst.Addr())}
	s.b[0], s.b[1] = 0x9c, 0x40 // from port 40000
	s.b[2], s.b[3] = byte(dst.Port()>>8), byte(dst.Port())
	s.b[12], s.b[13] = 5<<4, 0x02 // header of five words; SYN
	family := unix.AF_INET
	if src.Is6() {
		family = unix.AF_INET6
	}
	err := ns.Do(func() (err error) {
		if s.fd, err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP); err != nil {
			return err
		}
		return unix.Bind(s.fd, sockaddr(src))
	})
	if err != nil {
		t.Fatalf("make sender: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(s.fd) })
	return s
}

// Send sends one packet. When it returns, the packet has usually been judged,
// but Linux does not promise it.
func (s *Sender) Send() error { return unix.Sendto(s.fd, s.b, 0, s.to) }

func sockaddr(addr netip.Addr) unix.Sockaddr {
	if addr.Is4() {
		return &unix.SockaddrInet4{Addr: addr.As4()}
	}
	return &unix.SockaddrInet6{Addr: addr.As16()}
}
