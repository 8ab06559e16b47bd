package enforce

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// everywhere is the decision to ban an address at all ports.
func everywhere(addr string, d time.Duration) policy.Decision {
	out := decide(addr, d)
	out.Step, out.Rule, out.Failures, out.Rank = policy.StepAll, policy.RulePersist, 8, 2
	return out
}

func allKey(prefix string) nft.Key {
	return nft.Key{Layer: nft.LayerAll, Prefix: netip.MustParsePrefix(prefix)}
}

// TestAllPortsBesideTheMailPorts bans an address at the mail ports and then at
// all: both stand, and the one that ends first leaves the other.
func TestAllPortsBesideTheMailPorts(t *testing.T) {
	for name, c := range map[string]struct {
		mail, all time.Duration
		after     map[string]time.Duration // once the shorter one has ended
	}{
		"all ports for longer":      {time.Hour, 4 * time.Hour, map[string]time.Duration{"all4 198.51.100.7": 4 * time.Hour}},
		"the mail ports for longer": {4 * time.Hour, time.Hour, map[string]time.Duration{"ban4 198.51.100.7": 4 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.decide(decide("198.51.100.7/32", c.mail))
			b.wantLeft(map[string]time.Duration{"ban4 198.51.100.7": c.mail})
			b.decide(everywhere("198.51.100.7/32", c.all), everywhere("2001:db8:bad:1::/64", c.all))
			b.wantLeft(map[string]time.Duration{"ban4 198.51.100.7": c.mail, "all4 198.51.100.7": c.all, "all6_64 2001:db8:bad:1::/64": c.all})
			b.publish()
			if diff := cmp.Diff(map[string]int{"ban4": 1, "all4": 1, "all6_64": 1}, b.Health().Active); diff != "" {
				t.Errorf("active (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"banned auth_fail host", "banned persist all", "banned persist all"}, b.meter.got); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			b.wantLog("rule=persist step=all")
			if _, err := b.hand(Hand{Del: prefixes("2001:db8:bad:1::/64")}); err != nil {
				t.Fatal(err)
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

// TestDelAndFlushLiftAllPorts lifts what stands in every layer, for which the
// history remembers the early end.
func TestDelAndFlushLiftAllPorts(t *testing.T) {
	b := newBench(t)
	b.restore()
	ban := func() {
		b.decide(decide("198.51.100.7/32", time.Hour), everywhere("198.51.100.7/32", 2*time.Hour))
		b.ban("198.51.100.7/32", time.Hour)
	}
	ban()
	out, err := b.hand(Hand{Del: prefixes("198.51.100.7/32")})
	if err != nil || len(out.Changed) != 1 || len(out.Covered) != 0 {
		t.Errorf("del: %+v, %v", out, err)
	}
	b.wantLeft(nil)
	b.saver.write()
	for _, k := range inLayers(prefixes("198.51.100.7/32")[0]) {
		if r, ok := b.paper.records[k]; !ok || r.Active(time.Now().Add(time.Second)) {
			t.Errorf("the history says of %s: %+v, %v; want it ended", k.Set(), r, ok)
		}
	}
	ban()
	out, err = b.hand(Hand{Flush: true})
	if err != nil || len(out.Changed) != 3 || b.ledger.len() != 0 {
		t.Errorf("flush: %+v, %v, %d left; want three bans lifted", out, err, b.ledger.len())
	}
	b.wantLeft(nil)
}

// TestAllPortsSurviveARestart starts a second Enforcer over the table that
// stands and over none.
func TestAllPortsSurviveARestart(t *testing.T) {
	for _, lost := range []bool{false, true} {
		b := newBench(t)
		b.restore()
		b.decide(decide("198.51.100.7/32", 4*time.Hour), everywhere("198.51.100.7/32", time.Hour))
		b.saver.write()
		if lost {
			if err := b.kernel.Delete(); err != nil {
				t.Fatal(err)
			}
		}
		b.kernel.Table = open(t) // as another process
		b.Enforcer = New(b.Options)
		told := b.restore()
		b.wantLeft(map[string]time.Duration{"ban4 198.51.100.7": 4 * time.Hour, "all4 198.51.100.7": time.Hour})
		r, _ := b.ledger.get(allKey("198.51.100.7/32"))
		if r.Step != policy.StepAll || r.Rule != policy.RulePersist || r.Bans != 2 {
			t.Errorf("table lost: %v: %+v", lost, r)
		}
		if r := told[allKey("198.51.100.7/32")]; r.Step != policy.StepAll || r.Bans != 2 || !r.Active(time.Now()) {
			t.Errorf("table lost: %v: told %+v", lost, r)
		}
		if intact, err := b.kernel.Intact(); err != nil || !intact {
			t.Errorf("intact: %v, %v", intact, err)
		}
	}
}

// TestAllPortsThatTheKernelRefuses are not said to be enforced until they are.
func TestAllPortsThatTheKernelRefuses(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour))
	b.kernel.fail = errors.New("not now")
	b.decide(everywhere("198.51.100.7/32", 2*time.Hour))
	b.wantLog(`msg="ban is not enforced yet" addr=198.51.100.7`)
	if diff := cmp.Diff([]string{"banned auth_fail host"}, b.meter.got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	b.kernel.fail = nil
	b.look(time.Now().Add(time.Second)) // it is tried again
	b.wantLeft(map[string]time.Duration{"ban4 198.51.100.7": time.Hour, "all4 198.51.100.7": 2 * time.Hour})
	if !slices.Contains(b.meter.got, "banned persist all") {
		t.Errorf("counted %v", b.meter.got)
	}
}

// TestAllPortsAreHealed deletes the table, and the ban alone.
func TestAllPortsAreHealed(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour), everywhere("198.51.100.7/32", 2*time.Hour))
	want := map[string]time.Duration{"ban4 198.51.100.7": time.Hour, "all4 198.51.100.7": 2 * time.Hour}
	s := newStranger(t)
	s.DelTable(s.table)
	s.commit()
	b.lookout.add(nft.Foreign{Table: true}, false)
	b.disturbed()
	b.wantLeft(want)
	s.FlushSet(s.set("all4"))
	s.commit()
	b.lookout.add(nft.Foreign{Bans: []nft.Key{allKey("198.51.100.7/32")}}, false)
	b.disturbed()
	b.wantLeft(want)
}

// TestUnknownAllPortsAreAdopted finds a ban at all ports that nobody knows of.
func TestUnknownAllPortsAreAdopted(t *testing.T) {
	b := newBench(t)
	stranger := open(t)
	if _, err := stranger.Ensure(); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Apply([]nft.Change{{Layer: nft.LayerAll, Prefix: prefixes("192.0.2.9/32")[0], Timeout: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Close(); err != nil {
		t.Fatal(err)
	}
	b.restore()
	want := []string{"all4 all found in the kernel"}
	var got []string
	for _, r := range b.Records(prefixes("192.0.2.9/32")) {
		got = append(got, r.Key().Set()+" "+string(r.Step)+" "+r.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	b.wantLeft(map[string]time.Duration{"all4 192.0.2.9": time.Hour})
}

// TestAllPortsGiveWay fills the set for all ports: the Engine hears of the ban
// that had no room.
func TestAllPortsGiveWay(t *testing.T) {
	b := newBench(t)
	b.MaxBans = 1
	var gaveWay []netip.Prefix
	b.GaveWay = func(p netip.Prefix) { gaveWay = append(gaveWay, p) }
	b.restore()
	b.decide(decide("198.51.100.1/32", time.Hour), everywhere("198.51.100.1/32", time.Hour))
	b.decide(everywhere("198.51.100.2/32", 2*time.Hour))
	b.wantLeft(map[string]time.Duration{"ban4 198.51.100.1": time.Hour, "all4 198.51.100.2": 2 * time.Hour})
	if diff := cmp.Diff(prefixes("198.51.100.1/32"), gaveWay, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("gave way (-want +got):\n%s", diff)
	}
}
