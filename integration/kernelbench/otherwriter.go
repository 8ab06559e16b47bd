package main

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// writer is another program, which has a table of its own and adds elements to
// a set in it.
type writer struct {
	fd    int
	batch []byte // one transaction
	key   []byte // in it: the element's
}

// The names in the other program's table.
const (
	otherTable = "other"
	otherSet   = "set"
)

// sizeofNfgenmsg is the size of struct nfgenmsg, which follows the header.
const sizeofNfgenmsg = 4

// writeEvery is how often the other program writes.
const writeEvery = 5 * time.Millisecond

func newWriter(ns *namespace) (*writer, error) {
	conn, err := nftables.New(nftables.WithNetNSFd(ns.fd))
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: otherTable})
	err = conn.AddSet(&nftables.Set{Table: table, Name: otherSet, KeyType: nftables.TypeIPAddr}, nil)
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("make another table: %w", err)
	}
	w := &writer{}
	if err := w.encode(); err != nil {
		return nil, err
	}
	err = ns.do(func() (err error) {
		w.fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	return w, nil
}

// encode makes the transaction that adds one element.
func (w *writer) encode() error {
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.NFTA_SET_ELEM_LIST_TABLE, otherTable)
	ae.String(unix.NFTA_SET_ELEM_LIST_SET, otherSet)
	ae.Nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(list *netlink.AttributeEncoder) error {
		list.Nested(unix.NFTA_LIST_ELEM, func(el *netlink.AttributeEncoder) error {
			el.Nested(unix.NFTA_SET_ELEM_KEY, func(key *netlink.AttributeEncoder) error {
				key.Bytes(unix.NFTA_DATA_VALUE, make([]byte, 4))
				return nil
			})
			return nil
		})
		return nil
	})
	attributes, err := ae.Encode()
	if err != nil {
		return fmt.Errorf("encode an element: %w", err)
	}
	const subsystem = unix.NFNL_SUBSYS_NFTABLES
	w.batch = request(nil, unix.NFNL_MSG_BATCH_BEGIN, unix.AF_UNSPEC, subsystem, nil)
	w.batch = request(w.batch, subsystem<<8|unix.NFT_MSG_NEWSETELEM, unix.NFPROTO_INET, 0, attributes)
	end := len(w.batch)
	w.batch = request(w.batch, unix.NFNL_MSG_BATCH_END, unix.AF_UNSPEC, subsystem, nil)
	w.key = w.batch[end-4 : end]
	return nil
}

// request appends a message of nfnetlink.
func request(b []byte, typ uint16, family byte, resource uint16, attributes []byte) []byte {
	b = binary.NativeEndian.AppendUint32(b, uint32(unix.SizeofNlMsghdr+sizeofNfgenmsg+len(attributes)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_CREATE)
	b = append(b, make([]byte, 8)...) // sequence and port: answers need not be told apart
	b = append(b, family, unix.NFNETLINK_V0)
	b = binary.BigEndian.AppendUint16(b, resource)
	return append(b, attributes...)
}

// writeUntil adds elements and returns how long each took, in ms. The kernel
// commits a transaction before the call that sends it returns.
func (w *writer) writeUntil(stop <-chan struct{}) (waits []float64, err error) {
	pause := unix.NsecToTimespec(writeEvery.Nanoseconds())
	for i := 0; ; i++ {
		copy(w.key, address(i).AsSlice())
		began := time.Now()
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(w.fd), uintptr(unsafe.Pointer(&w.batch[0])), uintptr(len(w.batch)), 0, 0, 0)
		took := time.Since(began)
		if errno != 0 || int(n) != len(w.batch) {
			return waits, fmt.Errorf("add an element: %w", errno)
		}
		if err := w.refused(); err != nil {
			return waits, err
		}
		waits = append(waits, milliseconds(took))
		select {
		case <-stop:
			return waits, nil
		default:
			_ = unix.Nanosleep(&pause, nil) // a signal only shortens it
		}
	}
}

// refused reads the answers, of which there are only errors.
func (w *writer) refused() error {
	in := make([]byte, 4096)
	n, _, err := unix.Recvfrom(w.fd, in, unix.MSG_DONTWAIT)
	if n < unix.SizeofNlMsghdr+4 {
		return nil // nothing has come
	}
	if err == nil {
		err = unix.Errno(-int32(binary.NativeEndian.Uint32(in[unix.SizeofNlMsghdr:])))
	}
	return fmt.Errorf("add an element: %w", err)
}

func (w *writer) close() error { return unix.Close(w.fd) }
