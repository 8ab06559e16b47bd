package evidence

import "hash/maphash"

// index finds the last entry of each key of a Ring. A key's head is in one
// group of eight, which is one cache line, by the key's hash; in a full group
// the key whose last line is oldest is forgotten. There is room for more than
// twice as many keys as a usual Ring has lines.
type index struct {
	heads []head
	seed  maphash.Seed
}

const (
	groupSize = 8
	groupBits = 14
)

// head is the position of a key's last entry and 1, with a few bits of the
// key's hash above it; 0 is free.
type head uint64

const (
	posBits      = 48
	tagMask head = 0xffff << posBits
)

func (h head) next() uint64 { return uint64(h &^ tagMask) }

func newIndex() index {
	return index{heads: make([]head, groupSize<<groupBits), seed: maphash.MakeSeed()}
}

// group returns where the head of k can be, and the tag that it then has.
func (x *index) group(k key) (group []head, tag head) {
	h := maphash.Comparable(x.seed, k)
	at := h >> (64 - groupBits) * groupSize
	return x.heads[at : at+groupSize], head(h << posBits)
}

// find returns the position of the last entry of k and 1, or 0.
func (x *index) find(r *Ring, k key) uint64 {
	group, tag := x.group(k)
	for _, h := range group {
		if r.heads(h, tag, k) {
			return h.next()
		}
	}
	return 0
}

// take returns the place for the head of k, and what find does.
func (x *index) take(r *Ring, k key) (place *head, tag head, last uint64) {
	group, tag := x.group(k)
	place = &group[0]
	for i := range group {
		h := group[i]
		if r.heads(h, tag, k) {
			return &group[i], tag, h.next()
		}
		if h.next() < place.next() {
			place = &group[i]
		}
	}
	return place, tag, 0
}

// heads tells whether h is the head of k.
func (r *Ring) heads(h, tag head, k key) bool {
	if h == 0 || h&tagMask != tag || !r.holds(h.next()-1) {
		return false
	}
	_, of, _ := r.entry(h.next() - 1)
	return of == k
}
