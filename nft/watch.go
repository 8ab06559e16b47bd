package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Foreign is what one transaction of another program did to our table.
type Foreign struct {
	Generation uint32 // the number of the transaction; 0 if it is not known
	// PID is the thread that sent the transaction, as the kernel's first pid
	// namespace numbers it, and Process its name, which the program chose
	// itself. 0 and "" if they are not known.
	PID     uint32
	Process string
	// Table says that more may have changed than elements of ban sets: the
	// table, a set, a chain, a rule, the ports. Intact tells whether it matters.
	Table bool
	// Bans are those that were set or lifted. Many says that there are more,
	// or that it is not known which: every ban must be looked at.
	Bans []Key
	Many bool
}

// Watcher reads what other programs do to the table. The kernel tells all of it
// after the transaction has been committed.
type Watcher struct {
	sock   *socket
	log    changelog
	ready  []Foreign // read and not handed over yet
	closed atomic.Bool
}

// Watch begins to watch the table. Transactions of this Table are not reported,
// and do not even wake the reader of the Watcher; those of other sockets are,
// even of this process. A protected table needs no watching, and a Fake tells
// nothing (errors.ErrUnsupported).
//
// While the Watcher is open, the kernel describes each change of this Table
// before it finds that nobody wants to read that.
func (t *Table) Watch() (*Watcher, error) {
	t.mu.Lock()
	own := t.sock.port()
	t.mu.Unlock()
	if t.opts.fake != nil {
		return nil, fmt.Errorf("watch table %s: %w", t.cfg.Table, errors.ErrUnsupported)
	}
	s, err := openSocket(t.opts.netns)
	if err != nil {
		return nil, err
	}
	// The filter comes first: nothing that it would refuse is in the queue then.
	if err = s.filter(exceptFrom(own)); err == nil {
		err = s.conn.JoinGroup(unix.NFNLGRP_NFTABLES)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watch table %s: %w", t.cfg.Table, classify(err)), s.close())
	}
	return &Watcher{sock: s, log: changelog{table: t.cfg.Table}}, nil
}

// Next waits until another program has changed the table and tells what it did.
// Where the kernel lost notifications, because they came faster than they were
// read, the answer is that everything may have changed. After Close the error
// is net.ErrClosed.
func (w *Watcher) Next() (Foreign, error) {
	for len(w.ready) == 0 {
		b, err := w.sock.wait()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			// The kernel says it once and then drops everything until the queue
			// has been emptied (netlink_overrun in net/netlink/af_netlink.c).
			w.sock.discard()
			w.log.forget()
			return Foreign{Table: true, Many: true}, nil
		case err != nil:
			return Foreign{}, fmt.Errorf("watch table %s: %w", w.log.table, err)
		}
		w.ready = w.log.read(b, w.ready)
	}
	f := w.ready[0]
	w.ready = w.ready[1:]
	return f, nil
}

// Close ends the watching and wakes up a Next that waits. It may be called again.
func (w *Watcher) Close() error {
	if w.closed.Swap(true) {
		return nil
	}
	return w.sock.close()
}

// exceptFrom is a filter of classic BPF that refuses datagrams which tell of a
// transaction that the socket with the port has sent. Each message names that
// port in its header (nlmsg_pid), and a datagram holds messages of one
// transaction only (nft_commit_notify in net/netfilter/nf_tables_api.c). So
// process ids, which differ from one pid namespace to the next, do not matter.
func exceptFrom(port uint32) []unix.SockFilter {
	const offsetPort = 12
	// BPF loads in network byte order what the kernel wrote in its own.
	loaded := binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, port))
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offsetPort},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: loaded, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
	}
}

// filter attaches a program that says of each datagram how much of it to keep.
func (s *socket) filter(program []unix.SockFilter) error {
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	var set error
	err := s.raw.Control(func(fd uintptr) {
		set = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog)
	})
	return errors.Join(err, set)
}
