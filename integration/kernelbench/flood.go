package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// flood is a connection to the server that sends all the time, from the thread
// of its namespace. Packets travel in the sender's own time, so that nothing
// but a ban stops them.
type flood struct {
	ns    *namespace
	fd    int
	ended chan struct{} // closed when run has ended
}

// newFlood connects from an address.
func newFlood(ns *namespace, from netip.Addr) (*flood, error) {
	f := &flood{ns: ns, ended: make(chan struct{})}
	err := ns.do(func() (err error) {
		if f.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err = f.connect(from); err != nil {
			_ = unix.Close(f.fd)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("connect from %s: %w", from, err)
	}
	return f, nil
}

// connect makes the socket close with a reset and at once, and send each write
// as a packet.
func (f *flood) connect(from netip.Addr) error {
	if err := unix.SetsockoptLinger(f.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(f.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := unix.Bind(f.fd, &unix.SockaddrInet4{Addr: from.As4()}); err != nil {
		return err
	}
	return unix.Connect(f.fd, &unix.SockaddrInet4{Addr: server4.Addr().As4(), Port: int(mailPorts[0])})
}

// run sends until the connection ends. A ban makes it wait, once as much as the
// socket holds is on the way.
func (f *flood) run() {
	defer close(f.ended)
	b := make([]byte, 256)
	_ = f.ns.do(func() error {
		for {
			if err := unix.Sendto(f.fd, b, unix.MSG_NOSIGNAL, nil); err != nil {
				return err
			}
		}
	})
}

// close ends run and the connection.
func (f *flood) close() error {
	// After a reset there is nothing left to shut down, which is an error.
	_ = unix.Shutdown(f.fd, unix.SHUT_RDWR)
	<-f.ended
	return unix.Close(f.fd)
}
