package enforce

import (
	"hash/maphash"
	"iter"
	"net/netip"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
)

// address is that of a prefix as a shelf keeps it.
type address interface{ [4]byte | [16]byte }

// table is a shelf for a million bans: entries without pointers in pages that
// never move, found through an open table of their numbers and ordered by
// their ends in a heap of the same numbers.
type table[A address] struct {
	kind    kind
	reasons *reasons
	seed    maphash.Seed

	pages []*[pageLen]entry[A]
	spare []uint32 // entries to be used again
	slots []uint32 // number of an entry plus one; 0 is none
	ends  []uint32 // heap of entries by end
}

// pageLen makes growth cost little, and little be left over.
const pageLen = 1024

// minSlots is how many slots there are for the first bans.
const minSlots = 16

func newTable[A address](k kind, texts *reasons) *table[A] {
	return &table[A]{kind: k, reasons: texts, seed: maphash.MakeSeed(), slots: make([]uint32, minSlots)}
}

func (t *table[A]) len() int { return len(t.ends) }

func (t *table[A]) entry(i uint32) *entry[A] { return &t.pages[i/pageLen][i%pageLen] }

func (t *table[A]) get(a netip.Addr) (store.Record, bool) {
	slot := t.find(bytesOf[A](a))
	if t.slots[slot] == 0 {
		return store.Record{}, false
	}
	return t.record(t.entry(t.slots[slot] - 1)), true
}

func (t *table[A]) put(r store.Record) {
	a := bytesOf[A](r.Prefix.Addr())
	slot := t.find(a)
	if t.slots[slot] != 0 {
		e := t.entry(t.slots[slot] - 1)
		t.reasons.release(e.reason)
		t.fill(e, &r)
		t.settle(int(e.place))
		return
	}
	if 5*(t.len()+1) > 4*len(t.slots) {
		t.grow()
		slot = t.find(a)
	}
	i := t.unused()
	t.slots[slot] = i + 1
	e := t.entry(i)
	e.addr, e.place = a, uint32(len(t.ends))
	t.fill(e, &r)
	t.ends = append(t.ends, i)
	t.settle(int(e.place))
}

// unused returns the number of an entry that holds nothing.
func (t *table[A]) unused() uint32 {
	if n := len(t.spare); n > 0 {
		i := t.spare[n-1]
		t.spare = t.spare[:n-1]
		return i
	}
	n := t.len()
	if n == len(t.pages)*pageLen {
		t.pages = append(t.pages, new([pageLen]entry[A]))
	}
	return uint32(n)
}

func (t *table[A]) remove(a netip.Addr) {
	slot := t.find(bytesOf[A](a))
	if t.slots[slot] == 0 {
		return
	}
	i := t.slots[slot] - 1
	e := t.entry(i)
	t.reasons.release(e.reason)
	t.empty(slot)
	place, last := int(e.place), len(t.ends)-1
	t.swap(place, last)
	t.ends = t.ends[:last]
	if place < last {
		t.settle(place)
	}
	e.place = nowhere
	t.spare = append(t.spare, i)
}

func (t *table[A]) soonest() (store.Record, bool) {
	if len(t.ends) == 0 {
		return store.Record{}, false
	}
	return t.record(t.entry(t.ends[0])), true
}

func (t *table[A]) all() iter.Seq[store.Record] {
	return func(yield func(store.Record) bool) {
		for i := range uint32(len(t.ends) + len(t.spare)) {
			if e := t.entry(i); e.place != nowhere && !yield(t.record(e)) {
				return
			}
		}
	}
}

// home is where the search for an address begins.
func (t *table[A]) home(a A) int {
	h := maphash.Comparable(t.seed, a) >> 32
	return int(h * uint64(len(t.slots)) >> 32)
}

// find returns the slot of an address, or the empty one where it would be.
func (t *table[A]) find(a A) int {
	for slot := t.home(a); ; slot = t.next(slot) {
		if i := t.slots[slot]; i == 0 || t.entry(i-1).addr == a {
			return slot
		}
	}
}

func (t *table[A]) next(slot int) int {
	if slot++; slot == len(t.slots) {
		return 0
	}
	return slot
}

// grow makes room for half as many bans again. Growing in small steps wastes
// little memory.
func (t *table[A]) grow() {
	old := t.slots
	t.slots = make([]uint32, len(old)+len(old)/2)
	for _, i := range old {
		if i != 0 {
			t.slots[t.find(t.entry(i-1).addr)] = i
		}
	}
}

// empty clears a slot. Those behind it that could not have their own place
// move up, so that no search ends too early.
func (t *table[A]) empty(gap int) {
	n := len(t.slots)
	for slot := t.next(gap); t.slots[slot] != 0; slot = t.next(slot) {
		home := t.home(t.entry(t.slots[slot] - 1).addr)
		if (slot-home+n)%n >= (slot-gap+n)%n {
			t.slots[gap], gap = t.slots[slot], slot
		}
	}
	t.slots[gap] = 0
}

// settle moves the entry at a place of the heap to where its end belongs.
func (t *table[A]) settle(place int) {
	for place > 0 && t.sooner(place, (place-1)/2) {
		t.swap(place, (place-1)/2)
		place = (place - 1) / 2
	}
	for {
		first := place
		for child := 2*place + 1; child <= 2*place+2 && child < len(t.ends); child++ {
			if t.sooner(child, first) {
				first = child
			}
		}
		if first == place {
			return
		}
		t.swap(place, first)
		place = first
	}
}

func (t *table[A]) sooner(i, j int) bool {
	return t.entry(t.ends[i]).until() < t.entry(t.ends[j]).until()
}

func (t *table[A]) swap(i, j int) {
	t.ends[i], t.ends[j] = t.ends[j], t.ends[i]
	t.entry(t.ends[i]).place, t.entry(t.ends[j]).place = uint32(i), uint32(j)
}
