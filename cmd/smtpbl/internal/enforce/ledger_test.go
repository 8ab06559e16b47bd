package enforce

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// model is what a ledger should be: a plain map.
type model map[nft.Key]store.Record

func (m model) soonest(set string) time.Time {
	var at time.Time
	for k, r := range m {
		if k.Set() == set && (at.IsZero() || r.Until.Before(at)) {
			at = r.Until
		}
	}
	return at
}

func (m model) expire(now time.Time) model {
	ended := model{}
	for k, r := range m {
		if !r.Active(now) {
			ended[k] = r
			delete(m, k)
		}
	}
	return ended
}

func (m model) sizes() map[string]int {
	out := map[string]int{}
	for k := range m {
		out[k.Set()]++
	}
	return out
}

// ledgerStart has whole seconds, which is what a ledger keeps of a beginning.
var ledgerStart = time.Unix(1_800_000_000, 0)

// randomRecord is of few addresses, so that most of them come again.
func randomRecord(r *rand.Rand) store.Record {
	lengths := []int{32, 24, 27}
	addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(r.IntN(256))})
	if r.IntN(2) == 0 {
		lengths = []int{64, 48, 128}
		addr = netip.AddrFrom16([16]byte{0x20, 0x01, 0xd, 0xb8, 0, byte(r.IntN(4)), 0, byte(r.IntN(64)), 15: byte(r.IntN(4))})
	}
	return store.Record{
		Layer:  nft.Layer(r.IntN(2)),
		Prefix: netip.PrefixFrom(addr, lengths[r.IntN(3)]).Masked(),
		Rule:   policy.Rules[r.IntN(len(policy.Rules))], Step: steps[r.IntN(len(steps))], Bans: r.IntN(256),
		At:     ledgerStart.Add(time.Duration(r.IntN(1000)) * time.Second),
		Until:  ledgerStart.Add(time.Duration(r.IntN(1_000_000)) * time.Millisecond),
		Reason: fmt.Sprintf("reason %d", r.IntN(20)),
	}
}

func contents(l *ledger) model {
	out := model{}
	for r := range l.all() {
		out[r.Key()] = r
	}
	return out
}

// TestLedgerIsAMap does the same random things to a ledger and to a map, and
// wants the same of both.
func TestLedgerIsAMap(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		l, m, now := newLedger(), model{}, ledgerStart
		for n := range 3000 {
			x := randomRecord(r)
			k := x.Key()
			switch r.IntN(10) {
			case 0, 1, 2:
				got, ok := l.remove(k)
				want, there := m[k]
				if delete(m, k); ok != there || got != want {
					t.Fatalf("seed %d, step %d: removed %+v, %v; want %+v, %v", seed, n, got, ok, want, there)
				}
			case 3:
				now = now.Add(time.Second)
				want, got := m.expire(now), model{}
				for _, e := range l.expire(now) {
					got[e.Key()] = e
				}
				if !maps.Equal(want, got) {
					t.Fatalf("seed %d, step %d: %d bans expired, want %d", seed, n, len(got), len(want))
				}
			default:
				l.put(x)
				m[k] = x
			}
			if n%16 == 0 {
				sameSoonest(t, l, m, k.Set())
			}
		}
		if diff := cmp.Diff(m, contents(l), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Fatalf("seed %d: contents (-want +got):\n%s", seed, diff)
		}
		if diff := cmp.Diff(m.sizes(), l.sizes(), cmpopts.IgnoreMapEntries(func(_ string, n int) bool { return n == 0 })); diff != "" || l.len() != len(m) {
			t.Fatalf("seed %d: %d bans, want %d; sizes (-want +got):\n%s", seed, l.len(), len(m), diff)
		}
		emptied(t, l)
	}
}

func sameSoonest(t *testing.T, l *ledger, m model, set string) {
	t.Helper()
	got, ok := l.soonest(set)
	if want := m.soonest(set); ok == want.IsZero() || ok && !got.Until.Equal(want) {
		t.Fatalf("soonest of %s: %+v, %v; want it to end at %v", set, got, ok, want)
	}
}

// emptied removes all bans while they are told, after which nothing may be left.
func emptied(t *testing.T, l *ledger) {
	t.Helper()
	for r := range l.all() {
		l.remove(r.Key())
	}
	if l.len() != 0 || len(contents(l)) != 0 || len(l.reasons.ids) != 0 {
		t.Errorf("%d bans and %d reasons are left of an emptied ledger", l.len(), len(l.reasons.ids))
	}
}

func TestLedgerKeepsWhatFits(t *testing.T) {
	l := newLedger()
	r := store.Record{
		Prefix: netip.MustParsePrefix("198.51.100.7/32"), Rule: policy.RuleAuthFail, Step: policy.StepHost,
		Bans: 1000, At: time.Unix(-5, 0), Until: time.UnixMilli(1 << 60), Reason: "x",
	}
	l.put(r)
	got, ok := l.get(r.Key())
	r.Bans, r.At, r.Until = 255, time.Unix(0, 0), time.UnixMilli(1<<48-1)
	if !ok || got != r {
		t.Errorf("got %+v, want %+v", got, r)
	}
}

func BenchmarkLedgerPut(b *testing.B) {
	l, n := newLedger(), uint32(0)
	r := store.Record{Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 1, At: ledgerStart, Until: ledgerStart, Reason: "5 failed logins in 1m0s"}
	b.ReportAllocs()
	for b.Loop() {
		n += 0x9e3779b9 // any order but that of the addresses
		r.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 24 & 15), byte(n >> 16), byte(n >> 8)}), 32)
		r.Until = ledgerStart.Add(time.Duration(n) * time.Millisecond)
		l.put(r)
	}
}

func TestLedgerKeepsEachRule(t *testing.T) {
	l := newLedger()
	for _, rule := range policy.Rules {
		r := store.Record{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Rule: rule, Step: policy.StepHost, At: ledgerStart, Until: ledgerStart.Add(time.Hour)}
		l.put(r)
		if got, _ := l.get(r.Key()); got.Rule != rule {
			t.Errorf("rule %s comes back as %s", rule, got.Rule)
		}
	}
}
