package enforce

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/policy"
)

// entry is a wanted ban as a table keeps it, in 24 bytes for IPv4.
type entry[A address] struct {
	addr      A
	untilLow  uint32 // lower bits of the end in Unix milliseconds
	at        uint32 // Unix seconds
	reason    uint32 // see reasons
	place     uint32 // in the heap of ends, or nowhere
	untilHigh uint16
	bans      uint8 // the Engine does not count further either
	what      uint8 // rule and step
}

// nowhere is the place of entries that hold nothing.
const nowhere = math.MaxUint32

// steps and policy.Rules are what an entry's what counts in.
var steps = []policy.Step{policy.StepHost, policy.StepNet, policy.StepAll}

func (e *entry[A]) until() uint64 { return uint64(e.untilHigh)<<32 | uint64(e.untilLow) }

func (e *entry[A]) setUntil(end time.Time) {
	const longest = 1<<48 - 1 // the year 10889
	until := uint64(min(max(end.UnixMilli(), 0), longest))
	e.untilLow, e.untilHigh = uint32(until), uint16(until>>32)
}

// fill writes everything of r but its prefix into e.
func (t *table[A]) fill(e *entry[A], r *store.Record) {
	e.setUntil(r.Until)
	e.at = uint32(min(max(r.At.Unix(), 0), math.MaxUint32))
	e.bans = uint8(min(max(r.Bans, 0), math.MaxUint8))
	e.what = uint8(max(slices.Index(policy.Rules, r.Rule), 0)*len(steps) + max(slices.Index(steps, r.Step), 0))
	e.reason = t.reasons.keep(r.Reason)
}

// record is the reverse of fill.
func (t *table[A]) record(e *entry[A]) store.Record {
	return store.Record{
		Layer: t.kind.layer, Prefix: netip.PrefixFrom(addrOf(&e.addr), t.kind.bits),
		Rule: policy.Rules[int(e.what)/len(steps)], Step: steps[int(e.what)%len(steps)], Bans: int(e.bans),
		At: time.Unix(int64(e.at), 0), Until: time.UnixMilli(int64(e.until())), Reason: t.reasons.text(e.reason),
	}
}

// addrOf takes a pointer, which an interface holds without a copy.
func addrOf[A address](a *A) netip.Addr {
	switch b := any(a).(type) {
	case *[4]byte:
		return netip.AddrFrom4(*b)
	case *[16]byte:
		return netip.AddrFrom16(*b)
	}
	return netip.Addr{}
}

// bytesOf is the reverse of addrOf.
func bytesOf[A address](addr netip.Addr) (a A) {
	switch b := any(&a).(type) {
	case *[4]byte:
		*b = addr.As4()
	case *[16]byte:
		*b = addr.As16()
	}
	return a
}
