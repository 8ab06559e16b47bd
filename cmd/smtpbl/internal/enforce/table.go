package enforce

import (
	"hash/maphash"
	"iter"
	"net/netip"
	"time"

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
	tags  []uint8  // a piece of the hash for each slot
	ends  []uint32 // heap of entries by end
}

// pageLen makes growth cost little, and little be left over.
const pageLen = 1024

// minSlots is how many slots there are for the first bans.
const minSlots = 16

func newTable[A address](k kind, texts *reasons) *table[A] {
	return &table[A]{
		kind: k, reasons: texts, seed: maphash.MakeSeed(),
		slots: make([]uint32, minSlots), tags: make([]uint8, minSlots),
	}
}

func (t *table[A]) len() int { return len(t.ends) }

func (t *table[A]) entry(i uint32) *entry[A] { return &t.pages[i/pageLen][i%pageLen] }

func (t *table[A]) get(a netip.Addr) (store.Record, bool) {
	slot, _ := t.find(bytesOf[A](a))
	if t.slots[slot] == 0 {
		return store.Record{}, false
	}
	return t.record(t.entry(t.slots[slot] - 1)), true
}

func (t *table[A]) put(r store.Record) {
	a := bytesOf[A](r.Prefix.Addr())
	slot, tag := t.find(a)
	if t.slots[slot] != 0 {
		e := t.entry(t.slots[slot] - 1)
		t.reasons.release(e.reason)
		t.fill(e, &r)
		t.settle(int(e.place))
		return
	}
	if 5*(t.len()+1) > 4*len(t.slots) {
		t.grow()
		slot, tag = t.find(a)
	}
	i := t.unused()
	t.slots[slot], t.tags[slot] = i+1, tag
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
	slot, _ := t.find(bytesOf[A](a))
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

// shift keeps the order of the ends, so the heap stays as it is.
func (t *table[A]) shift(by time.Duration) {
	for i := range t.numbers() {
		e := t.entry(i)
		e.setUntil(time.UnixMilli(int64(e.until())).Add(by))
	}
}

func (t *table[A]) all() iter.Seq[store.Record] {
	return func(yield func(store.Record) bool) {
		for i := range t.numbers() {
			if !yield(t.record(t.entry(i))) {
				return
			}
		}
	}
}

// numbers goes through the entries that hold a ban, in the order of memory.
func (t *table[A]) numbers() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := range uint32(len(t.ends) + len(t.spare)) {
			if t.entry(i).place != nowhere && !yield(i) {
				return
			}
		}
	}
}
