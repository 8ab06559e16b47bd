// Package nettest gives tests network namespaces of their own, joined by a
// virtual cable, and ways to send through it.
package nettest

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Namespace is a network namespace that ends with the test.
type Namespace struct {
	fd   int
	work chan func()
}

// New makes a namespace in which only loopback is up. Where that is not allowed
// the test is skipped, or fails if SMTPBL_REQUIRE_NETNS=1.
func New(t testing.TB) *Namespace {
	t.Helper()
	ns := &Namespace{work: make(chan func())}
	ready, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		// The thread is never unlocked: it must die with its namespace and
		// not run other goroutines.
		runtime.LockOSThread()
		err := ns.enter()
		ready <- err
		if err != nil {
			return
		}
		for f := range ns.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		refuse(t, err)
	}
	t.Cleanup(func() {
		close(ns.work)
		<-ended
		if err := unix.Close(ns.fd); err != nil {
			t.Errorf("close namespace: %v", err)
		}
	})
	return ns
}

func refuse(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatalf("network namespaces are required: %v", err)
	}
	t.Skipf("no network namespace: %v", err)
}

// enter moves the thread into a new namespace and keeps a reference to it.
func (ns *Namespace) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open namespace: %w", err)
	}
	ns.fd = fd
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback: %w", err)
	}
	return netlink.LinkSetUp(lo)
}

// FD is the file descriptor of the namespace.
func (ns *Namespace) FD() int { return ns.fd }

// Do runs f on the thread of the namespace: sockets that f opens belong there.
func (ns *Namespace) Do(f func() error) error {
	done := make(chan error)
	ns.work <- func() { done <- f() }
	return <-done
}

// Join connects two namespaces with a cable and gives each end its addresses.
func Join(t testing.TB, a, b *Namespace, addrsA, addrsB []netip.Prefix) {
	t.Helper()
	err := a.Do(func() error {
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs:     netlink.LinkAttrs{Name: "cable"},
			PeerName:      "cable",
			PeerNamespace: netlink.NsFd(b.fd),
		})
	})
	if err = errors.Join(err, a.plug(addrsA), b.plug(addrsB)); err != nil {
		t.Fatalf("join namespaces: %v", err)
	}
}

// plug sets the addresses of the cable's end and switches it on.
func (ns *Namespace) plug(addrs []netip.Prefix) error {
	h, err := netlink.NewHandleAt(netns.NsHandle(ns.fd), unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	link, err := h.LinkByName("cable")
	if err != nil {
		return err
	}
	for _, p := range addrs {
		addr, err := netlink.ParseAddr(p.String())
		if err != nil {
			return err
		}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD // usable at once
		}
		if err := h.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("add %s: %w", p, err)
		}
	}
	return h.LinkSetUp(link)
}
