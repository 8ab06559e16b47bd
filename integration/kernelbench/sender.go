package main

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sender is the namespace that all cables lead to, and its thread, which sends
// frames. The kernel lets the sending processor do the receiver's work too, so
// that the time of the call is that of the whole way of a packet.
type sender struct {
	*namespace
	priority string // how the thread is scheduled
	cables   int    // laid so far
}

// newSender makes the sender and gives its thread one processor, before all
// other programs where that is allowed.
func newSender() (*sender, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	s := &sender{namespace: ns}
	if s.priority, err = ns.prefer(); err != nil {
		ns.close()
		return nil, err
	}
	return s, nil
}

// message is struct mmsghdr of sendmmsg(2).
type message struct {
	header unix.Msghdr
	length uint32
}

// train is frames to be sent over and over.
type train struct {
	messages []message
	vectors  []unix.Iovec // that the messages point to
	next     int
}

// perCall is how many frames one call of sendmmsg sends.
const perCall = 64

// newTrain makes a train of n frames, a multiple of perCall.
func newTrain(n int, frame func(i int) []byte) *train {
	t := &train{messages: make([]message, n), vectors: make([]unix.Iovec, n)}
	for i := range n {
		f := frame(i)
		t.vectors[i].Base = &f[0]
		t.vectors[i].SetLen(len(f))
		t.messages[i].header.Iov = &t.vectors[i]
		t.messages[i].header.SetIovlen(1)
	}
	return t
}

// send sends perCall frames. Only the sender's thread may call it.
func (t *train) send(fd int) error {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&t.messages[t.next])), perCall, 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("send packets: %w", errno)
	}
	if n != perCall {
		return errors.New("send packets: the kernel took less than all")
	}
	t.next = (t.next + perCall) % len(t.messages)
	return nil
}

// run sends for about the given time and returns the number of packets and the
// nanoseconds for each.
func (s *sender) run(ctx context.Context, fd int, t *train, about time.Duration) (packets int, each float64, err error) {
	if err := stopped(ctx); err != nil {
		return 0, 0, err
	}
	err = s.do(func() error {
		// The first calls fill the processor's caches.
		for range 4 {
			if err := t.send(fd); err != nil {
				return err
			}
			packets += perCall
		}
		began, took, n := time.Now(), time.Duration(0), 0
		for took < about {
			if err := t.send(fd); err != nil {
				return err
			}
			n += perCall
			took = time.Since(began)
		}
		packets += n
		each = float64(took.Nanoseconds()) / float64(n)
		return nil
	})
	return packets, each, err
}

// socket opens a packet socket on one cable of the sender's. It bypasses the
// queue of the device, of which a virtual one has none.
func (s *sender) socket(index int) (fd int, err error) {
	err = s.do(func() error {
		// Protocol 0 receives nothing.
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
			return err
		}
		return unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)
	})
	if err != nil {
		return -1, fmt.Errorf("open a packet socket: %w", err)
	}
	return fd, nil
}
