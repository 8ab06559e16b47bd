package nettest

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// SendPlain sends one packet of any protocol over IP from src to dst; what
// follows the IP header is payload.
func (ns *Namespace) SendPlain(t testing.TB, src, dst netip.Addr, protocol int, payload []byte) {
	t.Helper()
	err := ns.Do(func() error {
		fd, err := unix.Socket(familyOf(src), unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return err
		}
		err = unix.Bind(fd, sockaddr(src))
		if err == nil {
			err = unix.Sendto(fd, payload, 0, sockaddr(dst))
		}
		return errors.Join(err, unix.Close(fd))
	})
	if err != nil {
		t.Fatalf("send packet of protocol %d from %s: %v", protocol, src, err)
	}
}

// Plain sees the packets of one protocol and family that reach the machine,
// behind all chains of the firewall.
type Plain struct{ fd int }

// Plain makes a receiver in the namespace for the family of an address.
func (ns *Namespace) Plain(t testing.TB, family netip.Addr, protocol int) *Plain {
	t.Helper()
	p := &Plain{}
	err := ns.Do(func() (err error) {
		p.fd, err = unix.Socket(familyOf(family), unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
		return err
	})
	if err != nil {
		t.Fatalf("make receiver: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(p.fd) })
	return p
}

// Received takes the packets that have come and tells whether one was from src
// and had a payload that begins with the byte first.
func (p *Plain) Received(t testing.TB, src netip.Addr, first byte) bool {
	t.Helper()
	found, header := false, 20
	if src.Is6() {
		header = 0 // the kernel hands IPv6 packets over without theirs
	}
	for b := make([]byte, 2048); ; {
		n, from, err := unix.Recvfrom(p.fd, b, 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return found
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			t.Fatalf("receive: %v", err)
		}
		found = found || n > header && source(from) == src && b[header] == first
	}
}

func familyOf(addr netip.Addr) int {
	if addr.Is6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
}
