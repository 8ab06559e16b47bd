package nft

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// fakeTx is a transaction in progress. What it did is undone in reverse if it
// comes to nothing.
type fakeTx struct {
	kernel *Fake
	port   uint32
	now    time.Time
	flags  uint16 // of the message that is being worked through
	undo   []func()
	sets   map[*fakeSet]struct{} // that have elements removed
	saved  map[*fakeSet]struct{} // whose intervals are saved
}

// did notes a change and how to take it back.
func (tx *fakeTx) did(undo func()) { tx.undo = append(tx.undo, undo) }

// fakeVerbs are the messages that change something, by type.
var fakeVerbs = map[uint16]func(tx *fakeTx, attributes []byte) unix.Errno{
	unix.NFT_MSG_NEWTABLE:   (*fakeTx).newTable,
	unix.NFT_MSG_DELTABLE:   (*fakeTx).deleteTable,
	unix.NFT_MSG_NEWCHAIN:   (*fakeTx).newChain,
	unix.NFT_MSG_DELCHAIN:   (*fakeTx).deleteChain,
	unix.NFT_MSG_NEWRULE:    (*fakeTx).newRule,
	unix.NFT_MSG_DELRULE:    (*fakeTx).flushChain,
	unix.NFT_MSG_NEWSET:     (*fakeTx).newSet,
	unix.NFT_MSG_DELSET:     (*fakeTx).deleteSet,
	unix.NFT_MSG_NEWOBJ:     (*fakeTx).newCounter,
	unix.NFT_MSG_NEWSETELEM: (*fakeTx).newElements,
	unix.NFT_MSG_DELSETELEM: (*fakeTx).deleteElements,
	msgDestroyElement:       (*fakeTx).destroyElements,
}

// transact works through a batch as nfnetlink_rcv_batch does: every message is
// tried, every failure is answered, an acknowledgement that was asked for comes
// even after failures of others, and nothing is applied without an end marker.
func (s *fakeSocket) transact(b []byte) {
	f := s.kernel
	begin, rest, _ := nextAnswer(b)
	tx := &fakeTx{
		kernel: f, port: s.id, now: f.now(),
		sets: map[*fakeSet]struct{}{}, saved: map[*fakeSet]struct{}{},
	}
	if len(begin.body) < sizeofNfgenmsg {
		s.acknowledge(begin, unix.EINVAL)
		return
	}
	if gen := attr(begin.body[sizeofNfgenmsg:], attrBatchGeneration); gen != nil && readU32(gen) != f.generation {
		s.acknowledge(begin, unix.ERESTART)
		return
	}
	failed, ended := s.messages(tx, rest)
	if ended && !failed && f.refusals > 0 {
		f.refusals--
		failed = true
		s.queue = nil
		s.acknowledge(begin, f.errno)
	}
	if failed || !ended {
		tx.abort()
		return
	}
	tx.commit()
}

// messages tries what is between the markers.
func (s *fakeSocket) messages(tx *fakeTx, b []byte) (failed, ended bool) {
	for m, rest, ok := nextAnswer(b); ok; m, rest, ok = nextAnswer(rest) {
		if m.typ == unix.NFNL_MSG_BATCH_END {
			return failed, true
		}
		errno := tx.message(m)
		failed = failed || errno != 0
		if errno != 0 || m.flags&unix.NLM_F_ACK != 0 {
			s.acknowledge(m, errno)
		}
	}
	return failed, false
}

func (tx *fakeTx) message(m answer) unix.Errno {
	verb, known := fakeVerbs[m.typ&0xff]
	if !known || m.typ>>8 != unix.NFNL_SUBSYS_NFTABLES || len(m.body) < sizeofNfgenmsg {
		return unix.EINVAL
	}
	tx.flags = m.flags
	return verb(tx, m.body[sizeofNfgenmsg:])
}

// commit makes room for what was removed. A transaction without an effect
// raises no generation.
func (tx *fakeTx) commit() {
	for set := range tx.sets {
		set.count -= set.removed
		set.removed = 0
	}
	if len(tx.undo) > 0 {
		tx.kernel.generation++
	}
}

func (tx *fakeTx) abort() {
	for _, v := range slices.Backward(tx.undo) {
		v()
	}
}
