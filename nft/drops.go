package nft

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Drops reads the copies of dropped packets that a table with Config.NFLogGroup
// makes. Read is for one goroutine; Stats and Close are for any.
type Drops struct {
	sock *socket
	next uint32 // number that the next copy has if none is lost
	drop Drop   // what each is called with; a new one a copy would be garbage
	now  func() time.Time

	read, unreadable, lost atomic.Uint64
}

// DropStats counts copies of dropped packets since OpenDrops.
type DropStats struct {
	Read       uint64 // handed over
	Unreadable uint64 // not told whom they came from
	Lost       uint64 // not delivered, because the reader was too slow
}

// OpenDrops becomes the reader of an NFLOG group, which has only one at a time
// in a network namespace. The error is ErrConfig for group 0, which stands for
// none; ErrGroupTaken while another program reads the group; ErrPermission;
// ErrNoNFLog where the kernel has no NFLOG; or one of the socket.
func OpenDrops(group uint16, opts ...Option) (*Drops, error) {
	if group == 0 {
		return nil, fmt.Errorf("%w: NFLOG group 0 stands for none", ErrConfig)
	}
	sock, err := openSocket(gather(opts).netns)
	if err != nil {
		return nil, err
	}
	if err := sock.bindLog(group); err != nil {
		err = fmt.Errorf("bind NFLOG group %d: %w", group, sock.classifyLog(err))
		return nil, errors.Join(err, sock.close())
	}
	return &Drops{sock: sock, now: time.Now}, nil
}

// classifyLog adds the sentinel that tells the caller what to do. nfnetlink_log
// answers EPERM for a group that another socket has and EBUSY for one that this
// socket has; nfnetlink itself answers EPERM to those who may do nothing at all,
// and EINVAL where no module takes the message.
func (s *socket) classifyLog(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		if _, may := s.generation(); errors.Is(may, unix.EPERM) {
			return fmt.Errorf("%w: %w", ErrPermission, err)
		}
		return fmt.Errorf("%w: %w", ErrGroupTaken, err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %w", ErrGroupTaken, err)
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("%w: %w", ErrNoNFLog, err)
	}
	return err
}

// Close gives up the group and ends a Read that waits.
func (d *Drops) Close() error { return d.sock.close() }

// Stats returns the counts so far.
func (d *Drops) Stats() DropStats {
	return DropStats{Read: d.read.Load(), Unreadable: d.unreadable.Load(), Lost: d.lost.Load()}
}

// Read waits for copies and calls each for every one that arrived, in order. The
// Drop is the caller's only until the call returns. A copy that cannot be read,
// or that was lost, costs a count and no error. After Close the error is
// net.ErrClosed.
func (d *Drops) Read(each func(*Drop)) error {
	in, err := d.sock.wait()
	if errors.Is(err, unix.ENOBUFS) {
		return nil // the numbers of the copies tell how many were lost
	}
	if err != nil {
		return fmt.Errorf("read copies of dropped packets: %w", err)
	}
	d.split(in, each)
	return nil
}

// split works through one datagram of copies.
func (d *Drops) split(in []byte, each func(*Drop)) {
	now := d.now()
	for a, rest, ok := nextAnswer(in); ok; a, rest, ok = nextAnswer(rest) {
		if a.typ != msgLogPacket || len(a.body) < sizeofNfgenmsg {
			continue // the end of the datagram
		}
		d.drop = Drop{At: now}
		number, readable := d.drop.readCopy(a.body[sizeofNfgenmsg:])
		d.missed(number)
		if !readable {
			d.unreadable.Add(1)
			continue
		}
		d.read.Add(1)
		each(&d.drop)
	}
}

// missed counts the copies between the last one and that of a number. Numbers
// wrap; one that seems to go back tells nothing.
func (d *Drops) missed(number uint32) {
	gap := number - d.next
	if gap < 1<<31 {
		d.lost.Add(uint64(gap))
		d.next = number + 1
	}
}
