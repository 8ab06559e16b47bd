package traffic

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRing(t *testing.T) {
	r := &ring{}
	r.next.Store(1<<32 - 2) // the numbers wrap in the middle
	r.taken.Store(1<<32 - 2)
	for i := range 4 {
		if seq, ok := r.add(i, time.Duration(i)); !ok || seq != uint32(1<<32-2+i) {
			t.Fatalf("packet %d has number %d, %v", i, seq, ok)
		}
	}
	r.answer(1, 30)
	r.answer(1, 40)         // a repetition
	r.answer(2, 30)         // never sent
	r.answer(1<<32-3, 30)   // taken long ago
	r.answer(1<<32-2, 1000) // late
	want := []Probe{{Source: 0, Sent: 0, Answered: 1000}, {Source: 1, Sent: 1}}
	if diff := cmp.Diff(want, r.take(1)); diff != "" {
		t.Errorf("taken until 1 (-want +got):\n%s", diff)
	}
	want = []Probe{{Source: 2, Sent: 2}, {Source: 3, Sent: 3, Answered: 30}}
	if diff := cmp.Diff(want, r.take(5)); diff != "" {
		t.Errorf("taken until 5 (-want +got):\n%s", diff)
	}
}

func TestRingIsFull(t *testing.T) {
	r := &ring{}
	for range ringSize {
		if _, ok := r.add(1, 1); !ok {
			t.Fatal("no room")
		}
	}
	if _, ok := r.add(1, 1); ok {
		t.Fatal("a packet overwrites one that nobody took")
	}
	if n := len(r.take(1)); n != ringSize {
		t.Fatalf("took %d packets", n)
	}
	if _, ok := r.add(1, 1); !ok {
		t.Error("no room after all were taken")
	}
}
