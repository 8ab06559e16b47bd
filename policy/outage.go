package policy

import (
	"math/bits"
	"time"
)

// outage tells when our own authentication backend fails: failures are then
// nobody's guesses. It looks at the last minute: faults that the backend admits
// and no client can bring about, and failures of users who logged in from the
// same address lately, each user once in ten seconds; against logins that work.
//
// Attackers can fail at accounts of their own, and while counting is paused they
// guess for nothing. So it is paused for no longer than most seconds; what was
// used comes back as fast as it went, but once all is used none is given before
// all has come back.
type outage struct {
	least  int // faults that pause; 0 is never
	slots  [outageSlots]outageSlot
	paused bool
	since  second
	now    second // the latest time that was judged
	most   int64
	used   int64 // seconds of most
	worn   bool  // all was used
}

// longestPause is most by default. Half of the time is so much that an attacker
// can have of it.
const longestPause = time.Hour

const (
	outageSlots = 6
	slotLength  = 10 // seconds
	// fewestKeys is how many different addresses must see the faults, or one
	// client that makes the backend stumble could stop us from counting.
	fewestKeys = 3
)

// outageSlot is ten seconds.
type outageSlot struct {
	start         second
	faults, works uint32
	keys, users   uint64 // sets of hashes of those who saw faults
}

func (o *outage) slot(at second) *outageSlot {
	start := second(int64(at) - ((int64(at)%slotLength)+slotLength)%slotLength)
	s := &o.slots[(int64(start)/slotLength%outageSlots+outageSlots)%outageSlots]
	if s.start != start {
		*s = outageSlot{start: start}
	}
	return s
}

// fault says that the backend failed k at at.
func (o *outage) fault(k key, at second) {
	s := o.slot(at)
	s.faults++
	s.keys |= bitOf(uint64(k))
}

// doubt says that a user failed at at who logged in from k lately.
func (o *outage) doubt(k key, u user, at second) {
	s, bit := o.slot(at), bitOf(uint64(k)+uint64(u)<<40)
	if s.users&bit == 0 {
		s.users |= bit
		o.fault(k, at)
	}
}

// bitOf is the bit of a set that stands for id.
func bitOf(id uint64) uint64 { return 1 << (mix(id) % 64) }

// work says that a login worked at at.
func (o *outage) work(at second) { o.slot(at).works++ }

// judge brings paused up to date.
func (o *outage) judge(at second) {
	if o.least == 0 {
		return
	}
	at = o.pass(at)
	var faults, works uint32
	var keys uint64
	for i := range o.slots {
		s := &o.slots[i]
		if age := at.since(s.start); age < 0 || age >= outageSlots*slotLength {
			continue
		}
		faults, works, keys = faults+s.faults, works+s.works, keys|s.keys
	}
	switch {
	case o.paused:
		o.paused = faults > works && !o.worn
	case o.worn:
	case faults >= uint32(o.least) && faults > works && bits.OnesCount64(keys) >= fewestKeys:
		o.paused, o.since = true, at
	}
}

// pass says that it is at, and returns at, or the latest time where at comes a
// little late. A pause in which nothing happens has ended after a minute.
func (o *outage) pass(at second) second {
	d := at.since(o.now)
	if d < 0 && -d < outageSlots*slotLength {
		return o.now
	}
	o.now = at
	if o.paused && d > 0 {
		paused := min(d, outageSlots*slotLength)
		o.used = min(o.used+paused, o.most)
		o.worn = o.worn || o.used == o.most
		d -= paused
	}
	o.used -= min(max(d, 0), o.used)
	o.worn = o.worn && o.used > 0
	return at
}
