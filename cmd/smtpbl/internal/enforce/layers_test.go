package enforce

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// left returns the rounded time that the kernel gives each ban, by set.
func (b *bench) left() map[string]time.Duration {
	b.t.Helper()
	bans, err := b.kernel.Bans()
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]time.Duration{}
	for i := range bans {
		out[bans[i].Set+" "+Addr(bans[i].Prefix)] = bans[i].Remaining.Round(time.Minute)
	}
	return out
}

func (b *bench) wantLeft(want map[string]time.Duration) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.left(), cmpopts.EquateEmpty()); diff != "" {
		b.t.Errorf("left in the kernel (-want +got):\n%s", diff)
	}
}

func (b *bench) ban(addr string, d time.Duration) {
	b.t.Helper()
	out, err := b.hand(Hand{Add: prefixes(addr), For: d, Reason: "by test"})
	if err != nil || len(out.Changed) != 1 {
		b.t.Fatalf("ban %s by hand: %+v, %v", addr, out, err)
	}
}

// TestEachLayerHasItsOwnEnd bans an address by hand for less and for more than
// the policy does, in either order, and lets the shorter one end.
func TestEachLayerHasItsOwnEnd(t *testing.T) {
	const addr = "198.51.100.7"
	byPolicy, byHand := "ban4 "+addr, "manual4 "+addr
	for name, c := range map[string]struct {
		policy, hand time.Duration
		handFirst    bool
		after        map[string]time.Duration // once the shorter one has ended
	}{
		"shorter by hand":       {4 * time.Hour, time.Hour, false, map[string]time.Duration{byPolicy: 4 * time.Hour}},
		"shorter by hand first": {4 * time.Hour, time.Hour, true, map[string]time.Duration{byPolicy: 4 * time.Hour}},
		"longer by hand":        {time.Hour, 4 * time.Hour, false, map[string]time.Duration{byHand: 4 * time.Hour}},
		"longer by hand first":  {time.Hour, 4 * time.Hour, true, map[string]time.Duration{byHand: 4 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			if c.handFirst {
				b.ban(addr+"/32", c.hand)
			}
			b.decide(decide(addr+"/32", c.policy))
			if !c.handFirst {
				b.ban(addr+"/32", c.hand)
			}
			b.wantLeft(map[string]time.Duration{byPolicy: c.policy, byHand: c.hand})
			b.publish()
			if diff := cmp.Diff(map[string]int{"ban4": 1, "manual4": 1}, b.Health().Active); diff != "" {
				t.Errorf("active (-want +got):\n%s", diff)
			}
			ended := b.ledger.expire(time.Now().Add(2 * time.Hour))
			if len(ended) != 1 || b.ledger.len() != 1 {
				t.Fatalf("%d bans ended after two hours, %d go on; want one of each", len(ended), b.ledger.len())
			}
			if err := b.kernel.Apply([]nft.Change{{Layer: ended[0].Layer, Prefix: ended[0].Prefix, Remove: true}}); err != nil {
				t.Fatal(err)
			}
			b.wantLeft(c.after)
		})
	}
}

func TestDelOpensEveryLayerAndTellsWhatStillCovers(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour), decide("198.51.100.0/24", time.Hour))
	b.ban("198.51.100.7/32", 2*time.Hour)
	b.ban("198.51.0.0/16", time.Hour)
	out, err := b.hand(Hand{Del: prefixes("198.51.100.7/32", "198.51.100.8/32", "192.0.2.1/32")})
	if err != nil {
		t.Fatal(err)
	}
	seven, eight := prefixes("198.51.100.7/32")[0], prefixes("198.51.100.8/32")[0]
	want := Outcome{
		Changed: prefixes("198.51.100.7/32"), Kept: prefixes("198.51.100.8/32", "192.0.2.1/32"),
		Covered: []Cover{
			{seven, policyKey("198.51.100.0/24")},
			{seven, manualKey("198.51.0.0/16")},
			{eight, policyKey("198.51.100.0/24")},
			{eight, manualKey("198.51.0.0/16")},
		},
	}
	if diff := cmp.Diff(want, out, cmpopts.EquateComparable(prefixes("::/64")[0])); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	b.wantLeft(map[string]time.Duration{"ban4_24 198.51.100.0/24": time.Hour, "manual4_16 198.51.0.0/16": time.Hour})
	b.saver.write()
	for _, k := range []nft.Key{policyKey("198.51.100.7/32"), manualKey("198.51.100.7/32")} {
		if r, ok := b.paper.records[k]; !ok || r.Active(time.Now().Add(time.Second)) {
			t.Errorf("the history says of %s in %s: %+v, %v; want it ended", k.Prefix, k.Set(), r, ok)
		}
	}
}

func TestFlushLiftsEveryLayer(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour))
	b.ban("198.51.100.7/32", time.Hour)
	b.ban("2001:db8::/40", time.Hour)
	out, err := b.hand(Hand{Flush: true})
	if err != nil || len(out.Changed) != 3 || b.ledger.len() != 0 {
		t.Errorf("flush: %+v, %v, %d left; want three bans lifted", out, err, b.ledger.len())
	}
	b.wantLeft(nil)
}

// TestLayersSurviveARestart starts a second Enforcer with what the first one's
// history holds, once over the table that stands and once over none.
func TestLayersSurviveARestart(t *testing.T) {
	for _, lost := range []bool{false, true} {
		b := newBench(t)
		b.restore()
		b.decide(decide("198.51.100.7/32", 4*time.Hour))
		b.ban("198.51.100.7/32", time.Hour)
		b.ban("203.0.113.0/27", time.Hour)
		b.saver.write()
		if lost {
			if err := b.kernel.Delete(); err != nil {
				t.Fatal(err)
			}
		}
		b.Enforcer = New(b.Options)
		b.restore()
		b.wantLeft(map[string]time.Duration{
			"ban4 198.51.100.7": 4 * time.Hour, "manual4 198.51.100.7": time.Hour, "manual4_27 203.0.113.0/27": time.Hour,
		})
		byPolicy, _ := b.ledger.get(policyKey("198.51.100.7/32"))
		byHand, _ := b.ledger.get(manualKey("198.51.100.7/32"))
		if byPolicy.Bans != 1 || byPolicy.Rule != policy.RuleAuthFail || byHand.Bans != 0 || byHand.Reason != "by test" {
			t.Errorf("table lost: %v: the layers mixed: %+v and %+v", lost, byPolicy, byHand)
		}
	}
}

func TestUnknownBansAreAdoptedInTheirLayer(t *testing.T) {
	b := newBench(t)
	stranger := open(t)
	if _, err := stranger.Ensure(); err != nil {
		t.Fatal(err)
	}
	addr := prefixes("192.0.2.9/32")[0]
	if err := stranger.Apply([]nft.Change{
		{Prefix: addr, Timeout: time.Hour},
		{Layer: nft.LayerManual, Prefix: addr, Timeout: 2 * time.Hour},
	}); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Close(); err != nil {
		t.Fatal(err)
	}
	b.restore()
	b.saver.write()
	for _, k := range []nft.Key{policyKey("192.0.2.9/32"), manualKey("192.0.2.9/32")} {
		if r, ok := b.paper.records[k]; !ok || r.Reason != "found in the kernel" {
			t.Errorf("the history says of the ban in %s: %+v, %v", k.Set(), r, ok)
		}
	}
	b.wantLeft(map[string]time.Duration{"ban4 192.0.2.9": time.Hour, "manual4 192.0.2.9": 2 * time.Hour})
	sets := []string{}
	for _, r := range b.Records(prefixes("192.0.2.9/32")) {
		sets = append(sets, r.Key().Set())
	}
	slices.Sort(sets)
	if diff := cmp.Diff([]string{"ban4", "manual4"}, sets); diff != "" {
		t.Errorf("records of the address are of (-want +got):\n%s", diff)
	}
}
