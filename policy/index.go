package policy

import (
	"math/bits"
	"math/rand/v2"
)

// index finds records by key. It is an open table with linear probing that
// holds eight bytes for a key, since the key itself is in the record: half of
// what a map needs, and one cache line instead of three for a key not there.
type index struct {
	slots []slot // as many as a power of two, at most three quarters in use
	used  int
	// secret makes the places of keys unpredictable. An attacker who owns a
	// large IPv6 net could else choose addresses that all share one place.
	secret [2]uint64
}

// slot leads to a record, 0 for none. The hash spares the look at records of
// other keys and is all that growing needs.
type slot struct{ hash, record uint32 }

const minSlots = 8

func newIndex() index {
	return index{slots: make([]slot, minSlots), secret: [2]uint64{rand.Uint64(), rand.Uint64() | 1}}
}

func (x *index) hash(k key) uint32 {
	high, low := bits.Mul64(uint64(k)^x.secret[0], x.secret[1])
	return uint32((high ^ low) >> 32)
}

func (x *index) next(i uint32) uint32 { return (i + 1) & x.mask() }

func (x *index) mask() uint32 { return uint32(len(x.slots) - 1) }

// find returns the record of k, 0 for none.
func (x *index) find(s *slab[record], k key) uint32 {
	h := x.hash(k)
	for i := h & x.mask(); ; i = x.next(i) {
		f := x.slots[i]
		if f.record == 0 || f.hash == h && s.at(f.record).key == k {
			return f.record
		}
	}
}

// likely returns what find most probably will: it looks at two slots and not
// at the record.
func (x *index) likely(k key) uint32 {
	h := x.hash(k)
	i := h & x.mask()
	f, o := x.slots[i], x.slots[x.next(i)]
	if o.hash == h {
		f = o
	}
	return f.record
}

// add makes k, which must not be there, lead to record.
func (x *index) add(k key, record uint32) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow()
	}
	x.used++
	x.put(slot{x.hash(k), record})
}

func (x *index) put(f slot) {
	i := f.hash & x.mask()
	for x.slots[i].record != 0 {
		i = x.next(i)
	}
	x.slots[i] = f
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	for _, f := range old {
		if f.record != 0 {
			x.put(f)
		}
	}
}

// remove forgets k, which leads to record. Those behind it that could not
// have their own place move up, so that no search ends too early.
func (x *index) remove(k key, record uint32) {
	gap := x.hash(k) & x.mask()
	for x.slots[gap].record != record {
		gap = x.next(gap)
	}
	for i := x.next(gap); x.slots[i].record != 0; i = x.next(i) {
		if home := x.slots[i].hash & x.mask(); (i-home)&x.mask() >= (i-gap)&x.mask() {
			x.slots[gap], gap = x.slots[i], i
		}
	}
	x.slots[gap] = slot{}
	x.used--
}
