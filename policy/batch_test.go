package policy

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestBatchesDecideAlike gives the same events one by one and in batches of
// any length, with so little room that records go while a batch is judged.
func TestBatchesDecideAlike(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 15))
		cfg := testConfig
		cfg.MaxTracked = 10 << rnd.IntN(8)
		events := make([]Event, 5000)
		for i := range events {
			events[i] = Event{
				Time: start.Add(time.Duration(i) * time.Second), Kind: Kind(1 + rnd.IntN(5)),
				Addr: addr4(0xc6336400 + rnd.Uint32N(300)), Witness: 1 << rnd.IntN(4),
				Failures: rnd.IntN(3), Excused: rnd.IntN(2), Session: rnd.Uint64N(4),
			}
			if rnd.IntN(50) == 0 {
				events[i].Addr = netip.Addr{}
			}
		}
		var want, got []Decision
		one, many := New(cfg, start), New(cfg, start)
		for i := range events {
			want = one.Observe(&events[i], want)
		}
		for len(events) > 0 {
			n := min(rnd.IntN(3*ahead), len(events))
			got = many.ObserveBatch(events[:n], got)
			events = events[n:]
		}
		if len(want) == 0 {
			t.Fatalf("seed %d: no decisions to compare", seed)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Fatalf("seed %d: decisions (-one by one +batches):\n%s", seed, diff)
		}
		sound(t, many)
	}
}

// TestBatchesDecideAlikeByEveryRule does so with all rules, names and stamps.
func TestBatchesDecideAlikeByEveryRule(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 16))
		events := anything(rnd, 5000)
		var want, got []Decision
		one, many := New(tense(seed+1), start), New(tense(seed+1), start)
		for i := range events {
			want = one.Observe(&events[i], want)
		}
		for len(events) > 0 {
			n := min(rnd.IntN(3*ahead), len(events))
			got = many.ObserveBatch(events[:n], got)
			events = events[n:]
		}
		if diff := cmp.Diff(want, got, equalPrefixes); diff != "" {
			t.Fatalf("seed %d: decisions (-one by one +batches):\n%s", seed, diff)
		}
		if !bytes.Equal(snapshotOf(t, one), snapshotOf(t, many)) {
			t.Errorf("seed %d: batches leave something else behind", seed)
		}
	}
}
