package traffic

import (
	"sync/atomic"
	"time"
)

// Probe is one packet and what became of it. Times are those of the Machine's
// clock.
type Probe struct {
	Source   int           // the number that Aim gave to the address
	Sent     time.Duration // just before the kernel got it
	Answered time.Duration // when the answer was read; 0 if there was none
}

// ringSize is how many packets can be under way or not yet looked at: some
// half a minute of traffic. A packet more is not sent.
const ringSize = 1 << 18

// ring holds the probes by their sequence number. One goroutine sends, one
// notes answers, and one takes.
type ring struct {
	probes [ringSize]struct {
		source   int
		sent     time.Duration
		answered atomic.Int64
	}
	next  atomic.Uint32 // sequence number of the next packet
	taken atomic.Uint32 // packets that were taken
}

// add makes room for a packet and returns its number, or false where there is
// no room.
func (r *ring) add(source int, sent time.Duration) (seq uint32, ok bool) {
	seq = r.next.Load()
	if seq-r.taken.Load() >= ringSize {
		return 0, false
	}
	p := &r.probes[seq%ringSize]
	p.source, p.sent = source, sent
	p.answered.Store(0)
	r.next.Store(seq + 1)
	return seq, true
}

// void says that the packet added last was not sent after all.
func (r *ring) void(seq uint32) { r.probes[seq%ringSize].source = unsent }

// unsent stands for the source of a packet that is none.
const unsent = -1

// answer notes the first answer to a packet.
func (r *ring) answer(seq uint32, at time.Duration) {
	taken, next := r.taken.Load(), r.next.Load()
	if seq-taken < next-taken {
		r.probes[seq%ringSize].answered.CompareAndSwap(0, int64(at))
	}
}

// take returns the packets that were sent until then and not taken yet.
func (r *ring) take(until time.Duration) []Probe {
	var out []Probe
	seq, next := r.taken.Load(), r.next.Load()
	for ; seq != next; seq++ {
		p := &r.probes[seq%ringSize]
		if p.sent > until {
			break
		}
		if p.source == unsent {
			continue
		}
		out = append(out, Probe{Source: p.source, Sent: p.sent, Answered: time.Duration(p.answered.Load())})
	}
	r.taken.Store(seq)
	return out
}
