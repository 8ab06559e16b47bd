package nft

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// fakeSocket is a socket to a Fake. Like a socket it belongs to one user at a
// time.
type fakeSocket struct {
	kernel *Fake
	id     uint32
	queue  [][]byte // datagrams of answers
	closed bool
}

// connect makes a socket with a number of its own.
func (f *Fake) connect() *socket {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ports++
	return &socket{fake: &fakeSocket{kernel: f, id: f.ports}}
}

// send has the kernel work through a transaction or through requests.
func (s *fakeSocket) send(b []byte) error {
	f := s.kernel
	f.mu.Lock()
	defer f.mu.Unlock()
	s.queue = nil
	a, _, ok := nextAnswer(b)
	switch {
	case s.closed:
		return os.ErrClosed
	case !ok:
		return unix.EINVAL
	case a.typ == unix.NFNL_MSG_BATCH_BEGIN:
		s.transact(b)
	default:
		for m, rest, ok := nextAnswer(b); ok; m, rest, ok = nextAnswer(rest) {
			s.request(m)
		}
	}
	return nil
}

// receive takes the next datagram; nil means that there is none.
func (s *fakeSocket) receive() ([]byte, error) {
	if len(s.queue) == 0 {
		return nil, nil
	}
	b := s.queue[0]
	s.queue = s.queue[1:]
	return b, nil
}

// close ends the ownership of tables: one with the persist flag stays and
// belongs to nobody, others go (nft_rcv_nl_event).
func (s *fakeSocket) close() error {
	f := s.kernel
	f.mu.Lock()
	defer f.mu.Unlock()
	s.closed = true
	for name, table := range f.tables {
		switch {
		case table.owner != s.id:
		case table.flags&tablePersist != 0:
			table.owner, table.flags = 0, table.flags&^tableOwner
		default:
			delete(f.tables, name)
		}
	}
	return nil
}

// acknowledge answers a message with a code; 0 is success.
func (s *fakeSocket) acknowledge(m answer, errno unix.Errno) {
	b := &batch{count: int(m.seq)}
	b.begin(unix.NLMSG_ERROR, 0)
	b.b = binary.NativeEndian.AppendUint32(b.b, uint32(-int32(errno)))
	b.b = append(b.b, make([]byte, unix.SizeofNlMsghdr)...)
	b.seal()
	s.queue = append(s.queue, b.b)
}
