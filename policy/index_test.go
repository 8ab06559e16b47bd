package policy

import (
	"math/rand/v2"
	"testing"
)

// TestIndexEqualsMap adds and removes keys in any order, from empty to some
// thousand and back, and compares with a map.
func TestIndexEqualsMap(t *testing.T) {
	var s slab[record]
	x, want := newIndex(), map[key]uint32{}
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range 100_000 {
		k := key4 | key(rnd.Uint32N(4000))
		r, known := want[k]
		if got := x.find(&s, k); got != r {
			t.Fatalf("step %d: key %x leads to %d, want %d", i, uint64(k), got, r)
		}
		grows := i/20_000%2 == 0
		switch {
		case known && (!grows || rnd.IntN(4) == 0):
			x.remove(k, r)
			s.remove(r)
			delete(want, k)
		case !known && (grows || rnd.IntN(4) == 0):
			want[k] = s.add()
			s.at(want[k]).key = k
			x.add(k, want[k])
		}
		if x.used != len(want) {
			t.Fatalf("step %d: %d keys, want %d", i, x.used, len(want))
		}
	}
	for k, r := range want {
		if got := x.find(&s, k); got != r {
			t.Errorf("key %x leads to %d, want %d", uint64(k), got, r)
		}
	}
}

// TestIndexTellsEqualHashesApart has two keys of one hash and removes each.
func TestIndexTellsEqualHashesApart(t *testing.T) {
	x := newIndex()
	byHash := map[uint32]key{}
	var a, b key
	rnd := rand.New(rand.NewPCG(9, 10))
	for b == 0 {
		k := key(rnd.Uint64())
		if o, ok := byHash[x.hash(k)]; ok {
			a, b = o, k
		}
		byHash[x.hash(k)] = k
	}
	for _, gone := range []key{a, b} {
		var s slab[record]
		x := index{slots: make([]slot, minSlots), secret: x.secret}
		at := map[key]uint32{}
		for _, k := range []key{a, b} {
			at[k] = s.add()
			s.at(at[k]).key = k
			x.add(k, at[k])
		}
		x.remove(gone, at[gone])
		delete(at, gone)
		for _, k := range []key{a, b} {
			if got := x.find(&s, k); got != at[k] {
				t.Errorf("without %x, key %x leads to %d, want %d", uint64(gone), uint64(k), got, at[k])
			}
		}
	}
}
