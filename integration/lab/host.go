package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Host is a machine of the laboratory: a network namespace without a name.
type Host struct {
	name string
	ns   netns.NsHandle
	nl   *netlink.Handle
}

func newHost(name string) (*Host, error) {
	h := &Host{name: name}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		var err error
		h.ns, err = netns.Get()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make the network of %s: %w", name, err)
	}
	if h.nl, err = netlink.NewHandleAt(h.ns); err != nil {
		return nil, fmt.Errorf("open netlink in %s: %w", name, err)
	}
	return h, nil
}

// Do runs f in the host's network, on a thread that no other goroutine ever
// uses. Sockets that f makes and programs that f starts stay in that network;
// goroutines that f starts are not in it.
func (h *Host) Do(f func() error) error {
	return onThread(func() error {
		if err := netns.Set(h.ns); err != nil {
			return fmt.Errorf("enter the network of %s: %w", h.name, err)
		}
		return f()
	})
}

// onThread runs f on a thread that ends with it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the runtime ends the thread
		done <- f()
	}()
	return <-done
}

// Start starts cmd in the host's network.
func (h *Host) Start(cmd *exec.Cmd) error { return h.Do(cmd.Start) }

// Run runs cmd in the host's network; the error holds what it printed.
func (h *Host) Run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	return h.Do(func() error { return run(cmd) })
}

// Dial connects from the address from, which must be one of the host's, to
// the mail server's port. An error for which os.IsTimeout holds means that
// nothing answered within the time given.
func (h *Host) Dial(from netip.Addr, port uint16, within time.Duration) (net.Conn, error) {
	d := net.Dialer{
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)),
		Timeout:   within,
		KeepAlive: -1, // no packets that nobody asked for: tests count them
	}
	var conn net.Conn
	err := h.Do(func() error {
		var err error
		conn, err = d.DialContext(context.Background(), "tcp", netip.AddrPortFrom(Server(from), port).String())
		return err
	})
	return conn, err
}

// sysctl sets values below /proc/sys/net for the host alone.
func (h *Host) sysctl(values map[string]string) error {
	return h.Do(func() error { return sysctl(values) })
}

func sysctl(values map[string]string) error {
	for name, value := range values {
		if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
			return fmt.Errorf("set a kernel value: %w", err)
		}
	}
	return nil
}
