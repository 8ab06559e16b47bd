package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace without a name, and a thread that lives in
// it. The kernel ends it, with all that is in it, when the last of its file
// descriptors, threads and processes is gone, however this program ends.
type namespace struct {
	fd   int
	work chan func()
	done chan struct{}
	nl   *netlink.Handle
}

// newNamespace makes a namespace in which only loopback is up.
func newNamespace() (*namespace, error) {
	ns := &namespace{fd: -1, work: make(chan func()), done: make(chan struct{})}
	ready := make(chan error)
	go func() {
		defer close(ns.done)
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
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	return ns, nil
}

// enter moves the thread into a new namespace.
func (ns *namespace) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	ns.fd = fd
	if ns.nl, err = netlink.NewHandleAt(netns.NsHandle(fd), unix.NETLINK_ROUTE); err != nil {
		return err
	}
	lo, err := ns.nl.LinkByName("lo")
	if err != nil {
		return err
	}
	return ns.nl.LinkSetUp(lo)
}

// do runs f on the namespace's thread: sockets that f opens and programs that
// it starts belong there.
func (ns *namespace) do(f func() error) error {
	done := make(chan error)
	ns.work <- func() { done <- f() }
	return <-done
}

// run runs a program in the namespace; its error tells what it printed.
func (ns *namespace) run(cmd *exec.Cmd) error {
	var out head
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &out
	err := ns.do(cmd.Start)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", cmd.Path, err, out.b)
	}
	return nil
}

func (ns *namespace) close() {
	close(ns.work)
	<-ns.done
	ns.nl.Close()
	_ = unix.Close(ns.fd)
}

// head keeps the beginning of what a program prints, enough to read a complaint.
type head struct{ b []byte }

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), 1000-len(h.b))]...)
	return len(p), nil
}

// stopped tells whether the user or a deadline wants the work to end.
func stopped(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped: %w", context.Cause(ctx))
	}
	return nil
}
