package nettest

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// Receiver sees the TCP packets that reach the machine's own protocols, behind
// all chains of the firewall and whether or not anybody listens to the port.
type Receiver struct{ fds [2]int } // IPv4, IPv6

// Receiver makes a receiver in the namespace.
func (ns *Namespace) Receiver(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{}
	for i, family := range []int{unix.AF_INET, unix.AF_INET6} {
		err := ns.Do(func() (err error) {
			r.fds[i], err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
			return err
		})
		if err != nil {
			t.Fatalf("make receiver: %v", err)
		}
		t.Cleanup(func() { _ = unix.Close(r.fds[i]) })
	}
	return r
}

// Received takes the packets that have come and tells whether one was from src
// to port.
func (r *Receiver) Received(t testing.TB, src netip.Addr, port uint16) bool {
	t.Helper()
	fd, header := r.fds[0], 20
	if src.Is6() {
		fd, header = r.fds[1], 0 // the kernel hands IPv6 packets over without theirs
	}
	found := false
	b := make([]byte, 2048)
	for {
		n, from, err := unix.Recvfrom(fd, b, 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return found
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			t.Fatalf("receive: %v", err)
		}
		if n >= header+4 && source(from) == src && binary.BigEndian.Uint16(b[header+2:]) == port {
			found = true
		}
	}
}

func source(from unix.Sockaddr) netip.Addr {
	switch from := from.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(from.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(from.Addr)
	}
	return netip.Addr{}
}
