package enforce

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// slip is a Pardons in memory.
type slip map[netip.Prefix]time.Time

func (s slip) Pardons() (map[netip.Prefix]time.Time, error) { return maps.Clone(s), nil }

func (s slip) PutPardons(ends map[netip.Prefix]time.Time) error {
	for p, until := range ends {
		if s[p] = until; until.IsZero() {
			delete(s, p)
		}
	}
	return nil
}

func (b *bench) wantPasses(want bool, addrs ...string) {
	b.t.Helper()
	for _, text := range addrs {
		bans, allowed, err := b.kernel.Lookup(netip.MustParseAddr(text))
		if passes := allowed || len(bans) == 0; err != nil || passes != want {
			b.t.Errorf("%s passes: %v (%v), want %v", text, passes, err, want)
		}
	}
}

func (b *bench) wantPardons(s slip, want ...string) {
	b.t.Helper()
	b.saver.write()
	for name, got := range map[string]map[netip.Prefix]time.Time{"run": b.Pardoned(), "are written": s} {
		var texts []string
		for p := range got {
			texts = append(texts, Addr(p))
		}
		slices.Sort(texts)
		if diff := cmp.Diff(want, texts, cmpopts.EquateEmpty()); diff != "" {
			b.t.Errorf("pardons that %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPardon(t *testing.T) {
	b, s := newBench(t), slip{}
	b = b.again(func(o *Options) { o.Pardons = s })
	b.decide(decide("198.51.100.7/32", time.Hour), decide("198.51.100.0/24", time.Hour))
	b.wantPasses(false, "198.51.100.7", "198.51.100.8")
	out, err := b.hand(Hand{Del: prefixes("198.51.100.7/32"), Pardon: 2 * time.Hour})
	if err != nil || len(out.Changed) != 1 || len(out.Covered) != 0 || time.Until(out.PardonedUntil) < time.Hour {
		t.Errorf("outcome %+v, %v", out, err)
	}
	b.wantStands("198.51.100.0/24")
	b.wantPasses(true, "198.51.100.7")
	b.wantPasses(false, "198.51.100.8")
	b.wantPardons(s, "198.51.100.7")
	if h := b.Health(); h.Pardons != 1 || h.PardonEnd.IsZero() {
		t.Errorf("health %+v", h)
	}

	// What is exempt changes meanwhile, and the program ends.
	if err := b.Allow(prefixes("203.0.113.1/32")); err != nil {
		t.Fatal(err)
	}
	b.wantPasses(true, "198.51.100.7")
	b = b.again(func(o *Options) { o.Pardons = s })
	b.wantPasses(true, "198.51.100.7")

	b.expirePardons(out.PardonedUntil.Add(-time.Second))
	b.wantPardons(s, "198.51.100.7")
	b.look(out.PardonedUntil)
	b.wantPasses(false, "198.51.100.8")
	b.wantPardons(s)
	if _, allowed, err := b.kernel.Lookup(netip.MustParseAddr("198.51.100.7")); err != nil || allowed {
		t.Errorf("allowed after the end: %v, %v", allowed, err)
	}
}

// TestPardonIsOver when the program starts.
func TestPardonIsOver(t *testing.T) {
	b, s := newBench(t), slip{netip.MustParsePrefix("198.51.100.7/32"): time.Now().Add(-time.Second)}
	b = b.again(func(o *Options) { o.Pardons = s })
	b.wantPardons(s)
}

// TestPardonEndsByHand where a ban would have no effect, and not where the ban
// speaks of more.
func TestPardonEndsByHand(t *testing.T) {
	b, s := newBench(t), slip{}
	b = b.again(func(o *Options) { o.Pardons = s })
	_, err := b.hand(Hand{Del: prefixes("198.51.100.7/32", "203.0.113.0/24", "2001:db8::/32"), Pardon: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.hand(Hand{Add: prefixes("198.51.100.0/24", "203.0.113.9/32", "2001:db8::/32"), For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out.Unpardoned, netip.Prefix.Compare)
	want := prefixes("203.0.113.0/24", "2001:db8::/32")
	if diff := cmp.Diff(want, out.Unpardoned, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("pardons that ended (-want +got):\n%s", diff)
	}
	b.wantPardons(s, "198.51.100.7")
	b.wantPasses(true, "198.51.100.7")
	b.wantPasses(false, "198.51.100.8", "203.0.113.9", "2001:db8::1")
}

func TestTooManyPardons(t *testing.T) {
	b := newBench(t)
	b.restore()
	var many []netip.Prefix
	for i := range maxPardons + 1 {
		many = append(many, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
	}
	if _, err := b.hand(Hand{Del: many, Pardon: time.Hour}); !errors.Is(err, errPardons) {
		t.Errorf("got %v", err)
	}
	if n := len(b.Pardoned()); n != 0 {
		t.Errorf("%d pardons run", n)
	}
	if _, err := b.hand(Hand{Del: many[:maxPardons], Pardon: time.Hour}); err != nil {
		t.Error(err)
	}
	b.wantPasses(true, "10.0.0.1", "10.0.39.15")
}

// TestNewlyExempt: a ban of the policy is lifted and the Engine told, a wider
// one and one by hand go on.
func TestNewlyExempt(t *testing.T) {
	var gone []string
	b := newBench(t).again(func(o *Options) { o.GaveWay = func(p netip.Prefix) { gone = append(gone, Addr(p)) } })
	b.decide(decide("198.51.100.7/32", time.Hour), decide("192.0.2.1/32", time.Hour), decide("192.0.2.0/24", time.Hour),
		decide("203.0.113.4/32", time.Hour), decide("2001:db8:1::/64", time.Hour))
	all := decide("198.51.100.7/32", time.Hour)
	all.Step = policy.StepAll
	b.decide(all)
	if _, err := b.hand(Hand{Add: prefixes("198.51.100.7/32"), For: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := b.Allow(prefixes("198.51.100.7/32", "192.0.2.1/32", "203.0.113.0/29", "2001:db8:1::5/128")); err != nil {
		t.Fatal(err)
	}
	b.wantStands("192.0.2.0/24", "198.51.100.7", "2001:db8:1::/64")
	if n := b.ledger.len(); n != 3 {
		t.Errorf("%d bans are wanted, want 3", n)
	}
	b.wantPasses(true, "198.51.100.7", "192.0.2.1", "203.0.113.4", "2001:db8:1::5")
	b.wantPasses(false, "192.0.2.2", "2001:db8:1::6")
	slices.Sort(gone)
	gone = slices.Compact(gone) // one is banned twice
	if diff := cmp.Diff([]string{"192.0.2.1", "198.51.100.7", "203.0.113.4"}, gone); diff != "" {
		t.Errorf("the Engine hears of (-want +got):\n%s", diff)
	}
	b.wantLog("because=exempt")
	b.saver.write()
	if r := b.paper.records[nft.Key{Prefix: netip.MustParsePrefix("192.0.2.1/32")}]; r.Active(time.Now()) {
		t.Errorf("the history would bring back %+v", r)
	}
}

// TestExemptAtStart: what the history would bring back is lifted.
func TestExemptAtStart(t *testing.T) {
	b := newBench(t)
	b.paper.records[nft.Key{Prefix: netip.MustParsePrefix("192.0.2.1/32")}] = recorded("192.0.2.1/32", time.Hour)
	if err := b.Restore(prefixes("192.0.2.0/24"), func(r *store.Record) {
		t.Logf("told %+v", r)
	}); err != nil {
		t.Fatal(err)
	}
	b.wantStands()
}

// TestAllowThatTheKernelRefuses is asked for again, and the bans of those who are
// exempt are lifted from the books at once.
func TestAllowThatTheKernelRefuses(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour), decide("203.0.113.0/24", time.Hour))
	b.kernel.fail = errors.New("no memory today")
	if err := b.Allow(prefixes("198.51.100.7/32", "203.0.113.9/32")); err == nil {
		t.Error("nobody is told of the refusal")
	}
	if n := b.ledger.len(); n != 1 || b.allowDue.IsZero() {
		t.Errorf("%d bans are wanted, want that of the net; asked again at %v", n, b.allowDue)
	}
	b.kernel.fail = nil
	b.look(b.allowDue)
	b.wantStands("203.0.113.0/24")
	_, allowed, err := b.kernel.Lookup(netip.MustParseAddr("203.0.113.9"))
	if err != nil || !allowed || !b.allowDue.IsZero() {
		t.Errorf("allowed %v, %v; asked again at %v", allowed, err, b.allowDue)
	}
}

// TestAPardonHoldsAgainstTheEngine, which may think it over: a line's stamp can be
// ahead of time.
func TestAPardonHoldsAgainstTheEngine(t *testing.T) {
	b := newBench(t)
	var released []netip.Prefix
	b.GaveWay = func(p netip.Prefix) { released = append(released, p) }
	b.restore()
	if _, err := b.hand(Hand{Del: prefixes("198.51.100.0/24"), Pardon: time.Hour}); err != nil {
		t.Fatal(err)
	}
	all := decide("198.51.100.7/32", 2*time.Hour)
	all.Step = policy.StepAll
	b.decide(decide("198.51.100.7/32", time.Hour), all, decide("203.0.113.9/32", time.Hour))
	b.wantStands("203.0.113.9")
	b.wantLog(`msg="not banned" addr=198.51.100.7 because=pardon`)
	want := prefixes("198.51.100.7/32", "198.51.100.7/32")
	if diff := cmp.Diff(want, released, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("the Engine is told of (-want +got):\n%s", diff)
	}
}
