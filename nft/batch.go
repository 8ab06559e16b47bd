package nft

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

const (
	familyInet = unix.NFPROTO_INET
	// nfgenmsg follows each netlink header: family, version, resource.
	sizeofNfgenmsg = 4
	// attrBatchGeneration is NFNL_BATCH_GENID, which x/sys lacks.
	attrBatchGeneration = 1
	// create is what every request that makes something carries.
	create = unix.NLM_F_CREATE
)

// batch is one transaction of nf_tables in the making: a begin marker, the
// messages, an end marker. The kernel applies all of it or nothing.
type batch struct {
	encoder
	count int // messages opened so far, the begin marker included
	last  int // where the header of the last message starts
	// acknowledged is the number of the message that acknowledge asks about.
	acknowledged int
	spans        []span // the messages about elements
}

// span is a message about elements and their set.
type span struct {
	message int // its position in the batch
	set     string
}

// naming adds to the refusal of a transaction for a full set the name of it.
func (b *batch) naming(err error) error {
	var refusal *messageError
	if errors.As(err, &refusal) && refusal.errno == unix.ENFILE {
		for _, s := range b.spans {
			if s.message == refusal.index {
				return &FullError{Set: s.set, err: err}
			}
		}
	}
	return err
}

// newBatch begins a transaction in the memory of buf.
func newBatch(buf []byte) *batch {
	b := &batch{encoder: encoder{b: buf[:0]}}
	b.control(unix.NFNL_MSG_BATCH_BEGIN)
	return b
}

// newBatchAt begins a transaction that the kernel refuses with ERESTART unless
// gen is still the generation of its tables.
func newBatchAt(buf []byte, gen uint32) *batch {
	b := newBatch(buf)
	b.u32(attrBatchGeneration, gen)
	b.seal()
	return b
}

// message begins a message of nf_tables; seal ends it.
func (b *batch) message(typ, flags uint16) {
	b.header(unix.NFNL_SUBSYS_NFTABLES<<8|typ, flags, familyInet, 0)
}

// header appends the headers of netlink and of netfilter.
func (b *batch) header(typ, flags uint16, family uint8, resource uint16) {
	b.begin(typ, flags)
	b.b = append(b.b, family, unix.NFNETLINK_V0)
	b.b = binary.BigEndian.AppendUint16(b.b, resource)
}

// begin appends a netlink header. The sequence number is the position in the
// batch, which is how an answer is matched with the message that it is about.
func (b *batch) begin(typ, flags uint16) {
	b.last = len(b.b)
	b.b = binary.NativeEndian.AppendUint32(b.b, 0)
	b.b = binary.NativeEndian.AppendUint16(b.b, typ)
	b.b = binary.NativeEndian.AppendUint16(b.b, flags|unix.NLM_F_REQUEST)
	b.b = binary.NativeEndian.AppendUint32(b.b, uint32(b.count))
	b.b = binary.NativeEndian.AppendUint32(b.b, 0)
	b.count++
}

// seal writes the length of the message that was begun last.
func (b *batch) seal() {
	binary.NativeEndian.PutUint32(b.b[b.last:], uint32(len(b.b)-b.last))
}

// control appends a begin or an end marker.
func (b *batch) control(typ uint16) {
	b.header(typ, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)
	b.seal()
}

// acknowledge asks for an answer to the last message. One acknowledgement for
// a batch is enough and keeps the answers small: messages that fail are always
// answered. It is asked of the last message and not of the end marker, which
// kernels before 6.10 never acknowledge.
func (b *batch) acknowledge() {
	flags := b.b[b.last+6:]
	binary.NativeEndian.PutUint16(flags, binary.NativeEndian.Uint16(flags)|unix.NLM_F_ACK)
	b.acknowledged = b.count - 1
}
