package enforce

import "hash/maphash"

// home is where the search for an address begins, and the tag of its slot.
func (t *table[A]) home(a A) (slot int, tag uint8) {
	h := maphash.Comparable(t.seed, a)
	return int(h >> 32 * uint64(len(t.slots)) >> 32), uint8(h)
}

// find returns the slot of an address, or the empty one where it would be, and
// the tag. Only an entry whose tag is right is looked at: each costs the time
// of a cache line.
func (t *table[A]) find(a A) (slot int, tag uint8) {
	slot, tag = t.home(a)
	for ; ; slot = t.next(slot) {
		i := t.slots[slot]
		if i == 0 || t.tags[slot] == tag && t.entry(i-1).addr == a {
			return slot, tag
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
	n := len(t.slots) + len(t.slots)/2
	t.slots, t.tags = make([]uint32, n), make([]uint8, n)
	for i := range t.numbers() {
		slot, tag := t.home(t.entry(i).addr)
		for t.slots[slot] != 0 {
			slot = t.next(slot)
		}
		t.slots[slot], t.tags[slot] = i+1, tag
	}
}

// empty clears a slot. Those behind it that could not have their own place
// move up, so that no search ends too early.
func (t *table[A]) empty(gap int) {
	n := len(t.slots)
	for slot := t.next(gap); t.slots[slot] != 0; slot = t.next(slot) {
		home, tag := t.home(t.entry(t.slots[slot] - 1).addr)
		if (slot-home+n)%n >= (slot-gap+n)%n {
			t.slots[gap], t.tags[gap] = t.slots[slot], tag
			gap = slot
		}
	}
	t.slots[gap] = 0
}
