package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Flood sends SYN packets from one address to one port of the mail server as
// fast as it can, and counts what comes back: an answer means that a packet
// was let through.
type Flood struct {
	src  netip.Addr
	port uint16
	fd   int
	stop chan struct{}
	done chan error

	sent, answered atomic.Uint64
}

// Flood starts one from the host's address from.
func (h *Host) Flood(from netip.Addr, port uint16) (*Flood, error) {
	f := &Flood{src: from, port: port, stop: make(chan struct{}), done: make(chan error, 1)}
	err := h.Do(func() (err error) {
		// A raw socket of TCP that is bound gets a copy of every segment that
		// comes to its address (raw(7)).
		family := unix.AF_INET
		if from.Is6() {
			family = unix.AF_INET6
		}
		if f.fd, err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP); err != nil {
			return err
		}
		return unix.Bind(f.fd, sockaddr(from))
	})
	if err != nil {
		return nil, fmt.Errorf("open a raw socket: %w", err)
	}
	go func() { f.done <- f.run() }()
	return f, nil
}

// Sent is how many packets were sent so far.
func (f *Flood) Sent() uint64 { return f.sent.Load() }

// Answered is how many packets came back so far.
func (f *Flood) Answered() uint64 { return f.answered.Load() }

// Stop ends the flood.
func (f *Flood) Stop() error {
	close(f.stop)
	return errors.Join(<-f.done, unix.Close(f.fd))
}

func (f *Flood) run() error {
	to, answer := sockaddr(Server(f.src)), make([]byte, 2048)
	slow := Patience(1) > 1
	for n := uint16(0); ; n++ {
		if slow {
			time.Sleep(10 * time.Millisecond) // else its only processor has no time for what is tested
		}
		select {
		case <-f.stop:
			return nil
		default:
		}
		err := unix.Sendto(f.fd, f.syn(20000+n%40000), 0, to)
		switch {
		case err == nil:
			f.sent.Add(1)
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.ENOBUFS):
			return fmt.Errorf("send a SYN: %w", err)
		}
		if err := f.receive(answer); err != nil {
			return err
		}
	}
}

// receive counts the segments that have come from the port.
func (f *Flood) receive(buf []byte) error {
	for {
		n, _, err := unix.Recvfrom(f.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read answers: %w", err)
		}
		segment := buf[:n]
		if f.src.Is4() && n > 0 { // raw sockets of IPv4 get the header too
			segment = segment[min(n, int(segment[0]&0xf)*4):]
		}
		if len(segment) >= 2 && binary.BigEndian.Uint16(segment) == f.port {
			f.answered.Add(1)
		}
	}
}

// syn makes a TCP segment that asks for a connection (RFC 9293, 3.1).
func (f *Flood) syn(from uint16) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b[0:], from)
	binary.BigEndian.PutUint16(b[2:], f.port)
	b[12], b[13] = 5<<4, 0x02 // a header of five words; SYN
	binary.BigEndian.PutUint16(b[14:], 65535)
	pseudo := append(append([]byte{}, f.src.AsSlice()...), Server(f.src).AsSlice()...)
	pseudo = append(pseudo, 0, unix.IPPROTO_TCP, 0, byte(len(b)))
	binary.BigEndian.PutUint16(b[16:], checksum(append(pseudo, b...)))
	return b
}

// checksum is that of RFC 1071; b has an even length.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func sockaddr(addr netip.Addr) unix.Sockaddr {
	if addr.Is4() {
		return &unix.SockaddrInet4{Addr: addr.As4()}
	}
	return &unix.SockaddrInet6{Addr: addr.As16()}
}
