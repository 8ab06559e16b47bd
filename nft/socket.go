package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// receiveBytes holds the answers to a whole batch or request; only what is
	// used of it is ever allocated by the kernel.
	receiveBytes = 8 << 20
	// readBytes is the buffer of one read. The kernel makes pieces of a dump
	// as large as the reader's buffer, up to 32 KiB, and a larger piece means
	// fewer walks of the set from its start.
	readBytes = 64 << 10
	// sendSlack is what the kernel adds to a message when it checks a send
	// against the size of the send buffer, generously.
	sendSlack = 64 << 10
)

// socket is one netlink socket, to nf_tables or to the listing of sockets. It is
// not safe for concurrent use.
type socket struct {
	conn  *netlink.Conn
	raw   syscall.RawConn
	in    []byte
	out   []byte // memory of the last batch, used again for the next one
	limit int    // size of the send buffer
	// unread says that answers to the last request may still be queued.
	unread bool
	// write and read are the system calls as raw wants them, made once.
	write, read func(fd uintptr)
	sending     []byte // what write sends
	received    int    // what read read
	errno       error  // of write or read
	// fake takes the place of all above but out, if it is not nil.
	fake *fakeSocket
}

// open opens a socket to the nf_tables that the options choose.
func (o options) open() (*socket, error) {
	if o.fake != nil {
		return o.fake.connect(), nil
	}
	return openSocket(o.netns)
}

// openSocket opens a socket to nf_tables in the network namespace that netns
// refers to, or in that of the calling thread if it is 0.
func openSocket(netns int) (*socket, error) {
	s, err := dial(unix.NETLINK_NETFILTER, netns)
	if err != nil {
		return nil, classify(fmt.Errorf("open netfilter socket: %w", err))
	}
	return s, nil
}

// dial opens a socket of a netlink protocol.
func dial(protocol, netns int) (*socket, error) {
	conn, err := netlink.Dial(protocol, &netlink.Config{NetNS: netns})
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &socket{conn: conn, raw: raw, in: make([]byte, readBytes)}
	s.write = func(fd uintptr) {
		s.errno = unix.EINTR
		for errors.Is(s.errno, unix.EINTR) {
			_, s.errno = unix.Write(int(fd), s.sending)
		}
	}
	s.read = func(fd uintptr) {
		s.errno = unix.EINTR
		for errors.Is(s.errno, unix.EINTR) {
			s.received, _, s.errno = unix.Recvfrom(int(fd), s.in, unix.MSG_DONTWAIT)
		}
	}
	// Without CAP_NET_ADMIN the size cannot be forced; the first request then
	// fails with a clearer error than this one would be.
	_ = s.setOption(unix.SO_RCVBUFFORCE, receiveBytes)
	// An error then quotes only the header of the message that failed.
	_ = conn.SetOption(netlink.CapAcknowledge, true)
	return s, nil
}

func (s *socket) close() error {
	if s.fake != nil {
		return s.fake.close()
	}
	return s.conn.Close()
}

// port is the number by which the kernel knows this socket, as in the owner of
// a table.
func (s *socket) port() uint32 {
	if s.fake != nil {
		return s.fake.id
	}
	return s.conn.PID()
}

func (s *socket) setOption(option, value int) error {
	var set error
	err := s.raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, value)
	})
	return errors.Join(err, set)
}

// send hands all of b to the kernel in one call, which returns when the kernel
// has worked through it.
func (s *socket) send(b []byte) error {
	if s.fake != nil {
		return s.fake.send(b)
	}
	if s.unread {
		s.discard()
	}
	s.unread = true
	if need := len(b) + sendSlack; need > s.limit {
		if err := s.setOption(unix.SO_SNDBUFFORCE, need); err != nil && len(b) > sendSlack {
			return fmt.Errorf("enlarge send buffer to %d bytes: %w", need, err)
		}
		s.limit = need
	}
	s.sending = b
	if err := s.raw.Control(s.write); err != nil {
		return err
	}
	return s.errno
}

// receive reads one datagram of answers; nil means that there is none.
func (s *socket) receive() ([]byte, error) {
	if s.fake != nil {
		return s.fake.receive()
	}
	err := s.raw.Control(s.read)
	switch {
	case err != nil:
		return nil, err
	case errors.Is(s.errno, unix.EAGAIN):
		s.unread = false
		return nil, nil
	case s.errno != nil:
		return nil, fmt.Errorf("read answer: %w", s.errno)
	}
	return s.in[:s.received], nil
}

// wait reads one datagram, however long it takes to come. When the socket is
// closed meanwhile, the error is net.ErrClosed.
func (s *socket) wait() ([]byte, error) {
	err := s.raw.Read(func(fd uintptr) bool {
		s.read(fd)
		return !errors.Is(s.errno, unix.EAGAIN)
	})
	switch {
	case err != nil:
		return nil, errors.Join(net.ErrClosed, err)
	case s.errno != nil:
		return nil, s.errno
	}
	return s.in[:s.received], nil
}

// discard throws away answers that an earlier request left unread.
func (s *socket) discard() {
	for {
		b, err := s.receive()
		if b == nil && err == nil {
			return
		}
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
	}
}

// answer is one message of the kernel.
type answer struct {
	typ, flags uint16
	seq        uint32
	body       []byte // without the headers
}

// nextAnswer splits the first message from a datagram. ok is false when the
// rest is no whole message.
func nextAnswer(b []byte) (a answer, rest []byte, ok bool) {
	if len(b) < unix.SizeofNlMsghdr {
		return answer{}, nil, false
	}
	n := int(binary.NativeEndian.Uint32(b))
	if n < unix.SizeofNlMsghdr || n > len(b) {
		return answer{}, nil, false
	}
	a.typ = binary.NativeEndian.Uint16(b[4:])
	a.flags = binary.NativeEndian.Uint16(b[6:])
	a.seq = binary.NativeEndian.Uint32(b[8:])
	a.body = b[unix.SizeofNlMsghdr:n]
	return a, b[min(align4(n), len(b)):], true
}

// errno returns the code that an error or the end of a dump carries; 0 is an
// acknowledgement.
func (a answer) errno() unix.Errno {
	if len(a.body) < 4 {
		return 0
	}
	return unix.Errno(-int32(binary.NativeEndian.Uint32(a.body)))
}
