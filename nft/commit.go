package nft

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// commit sends a batch and returns nil when the kernel has applied all of it.
// errUnconfirmed means that the outcome is unknown; any other error means that
// nothing was applied.
func (s *socket) commit(b *batch) error {
	b.acknowledge()
	b.control(unix.NFNL_MSG_BATCH_END)
	return s.transact(b)
}

// rehearse has the kernel check a batch and roll it back: a batch without its
// end marker is never committed (nfnetlink_rcv_batch).
func (s *socket) rehearse(b *batch) error {
	b.acknowledge()
	return s.transact(b)
}

// keepBytes bounds the memory that is kept for the next batch.
const keepBytes = 4 << 20

func (s *socket) transact(b *batch) error {
	if cap(b.b) <= keepBytes {
		s.out = b.b
	}
	if err := s.send(b.b); err != nil {
		return fmt.Errorf("send transaction: %w", err)
	}
	return s.outcome(b.acknowledged)
}

// outcome reads the answers to a batch. The acknowledgement of the last
// message proves nothing by itself, because it also comes when an earlier
// message failed: success is an acknowledgement and no error. Answers come in
// the order of their messages, those about the whole batch first
// (nfnl_err_deliver), and so that acknowledgement is the last one.
func (s *socket) outcome(last int) error {
	var refusal *messageError
	acknowledged := false
	for !acknowledged {
		b, err := s.receive()
		if err != nil {
			return errors.Join(errUnconfirmed, err)
		}
		if b == nil {
			break
		}
		for a, rest, ok := nextAnswer(b); ok; a, rest, ok = nextAnswer(rest) {
			if a.typ != unix.NLMSG_ERROR {
				continue
			}
			if errno := a.errno(); errno == 0 {
				acknowledged = acknowledged || int(a.seq) == last
			} else if refusal == nil {
				refusal = &messageError{errno: errno, index: int(a.seq)}
			}
		}
	}
	s.unread = s.unread && !acknowledged
	switch {
	case refusal != nil:
		return refusal
	case !acknowledged:
		return errUnconfirmed
	}
	return nil
}
