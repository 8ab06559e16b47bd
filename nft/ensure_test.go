package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// someBans is one ban of each standing kind and some of those that are made on
// demand.
func someBans() []Change {
	return []Change{
		ban("192.0.2.1/32", time.Hour), ban("192.0.3.0/24", 2*time.Hour), ban("192.0.5.32/27", 3*time.Hour),
		ban("2001:db8::/64", 4*time.Hour), ban("2001:db8::/48", 5*time.Hour), ban("2001:db8::1/128", 6*time.Hour),
		everywhere(ban("192.0.9.1/32", 7*time.Hour)), everywhere(ban("2001:db8:9::/64", 8*time.Hour)),
	}
}

// listed is what Bans gives, sorted, without the time left.
func listed(t *testing.T, r *Reader) []Ban {
	t.Helper()
	bans, err := r.Bans()
	if err != nil {
		t.Fatalf("Bans: %v", err)
	}
	slices.SortFunc(bans, func(a, b Ban) int { return a.Prefix.Compare(b.Prefix) })
	return bans
}

// TestEnsureBuilds reports what was made and stays the same when repeated.
func TestEnsureBuilds(t *testing.T) {
	t.Parallel()
	ns := nettest.New(t)
	table := open(t, ns, testConfig())
	wantIntact(t, table, false)
	got := ensure(t, table)
	want := Adoption{
		Outcome: Built, Protected: table.kernel.Protect,
		Created: []string{"ban4", "ban4_24", "ban6_64", "ban6_48", "ban6_128"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first Ensure (-want +got):\n%s", diff)
	}
	wantIntact(t, table, true)
	before := outline(t, table)
	got = ensure(t, table)
	if diff := cmp.Diff(Adoption{Outcome: Kept, Protected: table.kernel.Protect}, got); diff != "" {
		t.Errorf("second Ensure (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, outline(t, table)); diff != "" {
		t.Errorf("second Ensure changed the table (-before +after):\n%s", diff)
	}
}

// outline describes everything in the table but the elements of ban sets.
func outline(t *testing.T, table *Table) []string {
	t.Helper()
	f, err := table.sock.find(table.cfg.Table)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{fmt.Sprintf("table flags %d", f.flags)}
	for name, set := range f.sets {
		lines = append(lines, fmt.Sprintf("set %s %+v", name, set.spec))
	}
	for name, chain := range f.chains {
		lines = append(lines, fmt.Sprintf("chain %s %+v", name, chain))
	}
	for _, r := range rulesOf(t, table) {
		lines = append(lines, "rule "+r)
	}
	if ports, ok := f.sets[setPorts]; ok {
		els, err := table.sock.elements(table.cfg.Table, ports)
		if err != nil {
			t.Fatal(err)
		}
		for _, el := range els {
			lines = append(lines, fmt.Sprintf("port %x", el.key.bytes()))
		}
	}
	slices.Sort(lines)
	return lines
}

// TestAdoption closes the table and opens it again with another configuration.
func TestAdoption(t *testing.T) {
	moreBans := Kept
	if lacks(t, growsSets(t), 6, 5) {
		moreBans = Rebuilt
	}
	tests := []struct {
		name    string
		change  func(*Config)
		outcome Outcome
	}{
		{"nothing", func(*Config) {}, Kept},
		{"ports", func(c *Config) { c.Ports = []uint16{25, 2525} }, Kept},
		{"log", func(c *Config) { c.LogPrefix, c.LogRate, c.LogPer = "other ", 7, time.Hour }, Kept},
		{"no log", func(c *Config) { c.LogRate = 0 }, Kept},
		{"hook", func(c *Config) { c.Hook = HookInput }, Kept},
		{"ufw", func(c *Config) { c.Hook = HookUFW }, Kept},
		{"copies", func(c *Config) { c.NFLogGroup = 7 }, Kept},
		{"more bans", func(c *Config) { c.MaxBans *= 2 }, moreBans},
		{"fewer bans", func(c *Config) { c.MaxBans = 1 }, Kept},
		{"no protection", func(c *Config) { c.Protect = false }, Kept},
		{"no counters", func(c *Config) { c.ElementCounters = false }, Rebuilt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			tt.change(&cfg)
			testAdoption(t, testConfig(), cfg, tt.outcome)
		})
	}
	t.Run("protection", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig()
		cfg.Protect = false
		outcome := Rebuilt
		if lacks(t, open(t, nettest.New(t), cfg).kernel.Protect, 6, 9) {
			outcome = Kept
		}
		testAdoption(t, cfg, testConfig(), outcome)
	})
	t.Run("counters", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig()
		cfg.ElementCounters = false
		testAdoption(t, cfg, testConfig(), Rebuilt)
	})
}

func testAdoption(t *testing.T, old, cfg Config, outcome Outcome) {
	table, ns := standingTable(t, old)
	apply(t, table, someBans()...)
	if err := table.SetAllow([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/28")}); err != nil {
		t.Fatal(err)
	}
	before := listed(t, table.Reader)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}

	next := open(t, ns, cfg)
	want := Adoption{Outcome: outcome, Protected: next.protects()}
	if outcome == Rebuilt {
		want.Carried = len(before)
	}
	got := ensure(t, next)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Adoption{}, "Created")); diff != "" {
		t.Errorf("adoption (-want +got):\n%s", diff)
	}
	wantIntact(t, next, true)
	if diff := cmp.Diff(before, listed(t, next.Reader), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreFields(Ban{}, "Remaining")); diff != "" {
		t.Errorf("bans (-before +after):\n%s", diff)
	}
	if _, allowed, err := next.Lookup(netip.MustParseAddr("198.51.100.15")); err != nil || !allowed {
		t.Errorf("allowed address is not allowed any more (%v)", err)
	}
	// The same configuration on an empty namespace is what must stand now; a
	// set that may hold more, and the flag that cannot be taken away, stay.
	fresh, _ := standingTable(t, cfg)
	apply(t, fresh, someBans()...)
	if diff := cmp.Diff(rulesOf(t, fresh), rulesOf(t, next)); diff != "" {
		t.Errorf("rules (-fresh +adopted):\n%s", diff)
	}
	apply(t, next, ban("192.0.2.1/32", time.Minute))
}

// TestRemainingTimeSurvives adopts after some time has passed.
func TestRemainingTimeSurvives(t *testing.T) {
	for _, counters := range []bool{true, false} {
		t.Run(fmt.Sprintf("same counters=%v", counters), func(t *testing.T) {
			t.Parallel()
			table, ns := standingTable(t, testConfig())
			p := netip.MustParsePrefix("192.0.2.1/32")
			apply(t, table, ban(p.String(), time.Hour))
			var left time.Duration
			eventually(t, 5*time.Second, "some time passes", func() bool {
				left = query(t, table.Reader, p)[0].Remaining
				return left < time.Hour-500*time.Millisecond
			})
			if err := table.Close(); err != nil {
				t.Fatal(err)
			}
			cfg := testConfig()
			cfg.ElementCounters = counters
			next := open(t, ns, cfg)
			ensure(t, next)
			got := query(t, next.Reader, p)
			if len(got) != 1 || got[0].Timeout != time.Hour || got[0].Remaining > left {
				t.Errorf("after adoption %+v, want at most %v of an hour left", got, left)
			}
		})
	}
}

// TestHeal damages the table in many ways; each is noticed and repaired.
func TestHeal(t *testing.T) {
	tests := []struct {
		name    string
		damage  func(b *batch, table string)
		outcome Outcome
		created []string
	}{
		{"table deleted", func(b *batch, table string) { b.deleteTable(table) }, Built, []string{"ban4", "ban4_24", "ban6_64", "ban6_48", "ban6_128", "ban4_27", "all4", "all6_64"}},
		{"policy drop", func(b *batch, table string) {
			b.message(unix.NFT_MSG_NEWCHAIN, create)
			b.str(unix.NFTA_CHAIN_TABLE, table)
			b.str(unix.NFTA_CHAIN_NAME, chainHook)
			b.u32(unix.NFTA_CHAIN_POLICY, 0) // NF_DROP
			b.seal()
		}, Kept, nil},
		{"rules flushed", func(b *batch, table string) { b.flushChain(table, chainBlacklist) }, Kept, nil},
		{"hook deleted", func(b *batch, table string) {
			b.flushChain(table, chainHook)
			b.deleteChain(table, chainHook)
		}, Kept, nil},
		{"table asleep", func(b *batch, table string) { b.table(table, tableDormant) }, Kept, nil},
		{"set deleted", func(b *batch, table string) {
			b.flushChain(table, chainBlacklist)
			b.deleteSet(table, "ban4_24")
		}, Kept, []string{"ban4_24"}},
		{"set made on demand deleted", func(b *batch, table string) {
			b.flushChain(table, chainBlacklist)
			b.deleteSet(table, "ban4_27")
		}, Kept, []string{"ban4_27"}},
		{"set for all ports deleted", func(b *batch, table string) {
			b.flushChain(table, chainAll)
			b.deleteSet(table, "all6_64")
		}, Kept, []string{"all6_64"}},
		{"chain for all ports deleted", func(b *batch, table string) {
			b.flushChain(table, chainHook)
			b.flushChain(table, chainAll)
			b.deleteChain(table, chainAll)
		}, Kept, nil},
		{"rule missing", func(b *batch, table string) {
			b.flushChain(table, chainHook)
			if err := b.rule(table, chainHook, portsRule()); err != nil {
				panic(err)
			}
		}, Kept, nil},
		{"chain hung elsewhere", func(b *batch, table string) {
			b.flushChain(table, chainHook)
			b.deleteChain(table, chainHook)
			b.chain(table, chainSpecs(HookInput, false)[2])
			for _, r := range hookRules(testConfig(), true) {
				if err := b.rule(table, chainHook, r); err != nil {
					panic(err)
				}
			}
		}, Kept, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.Protect = false
			table, ns := standingTable(t, cfg)
			apply(t, table, someBans()...)
			if err := table.SetAllow([]netip.Prefix{netip.MustParsePrefix("2001:db8::7/128")}); err != nil {
				t.Fatal(err)
			}
			wantIntact(t, table, true)
			foreign(t, ns, func(b *batch) { tt.damage(b, cfg.Table) })
			wantIntact(t, table, false)
			got := ensure(t, table)
			if diff := cmp.Diff(Adoption{Outcome: tt.outcome, Created: tt.created}, got); diff != "" {
				t.Errorf("adoption (-want +got):\n%s", diff)
			}
			wantIntact(t, table, true)
			if _, allowed, err := table.Lookup(netip.MustParseAddr("2001:db8::7")); err != nil || !allowed {
				t.Errorf("allowed address is not allowed after healing (%v)", err)
			}
			apply(t, table, someBans()...)
			if got := len(listed(t, table.Reader)); got != len(someBans()) {
				t.Errorf("%d bans, want %d", got, len(someBans()))
			}
			wantIntact(t, table, true)
		})
	}
}

// foreign makes a change from a socket that is not ours.
func foreign(t testing.TB, ns *nettest.Namespace, change func(*batch)) {
	t.Helper()
	if err := tryForeign(t, ns, change); err != nil {
		t.Fatalf("foreign change: %v", err)
	}
}

func tryForeign(t testing.TB, ns *nettest.Namespace, change func(*batch)) error {
	t.Helper()
	s, err := openSocket(ns.FD())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	b := newBatch(nil)
	change(b)
	return s.commit(b)
}

// TestForeignTable refuses tables that are somebody else's and leaves them be.
func TestForeignTable(t *testing.T) {
	tests := map[string]func(b *batch, table string){
		"another firewall": func(b *batch, table string) {
			b.table(table, 0)
			b.set(table, plainSpecs()[0])
		},
		"a set of intervals": func(b *batch, table string) {
			b.table(table, 0)
			b.set(table, setSpec{name: "ban4", keyType: keyIPv4Addr, keyLen: 4, flags: unix.NFT_SET_INTERVAL})
		},
		"keys of another size": func(b *batch, table string) {
			b.table(table, 0)
			b.set(table, setSpec{name: "ban4", keyType: keyIPv6Addr, keyLen: 16, flags: unix.NFT_SET_TIMEOUT})
		},
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := nettest.New(t)
			cfg := testConfig()
			foreign(t, ns, func(b *batch) { make(b, cfg.Table) })
			table := open(t, ns, cfg)
			before := outline(t, table)
			if _, err := table.Ensure(); !errors.Is(err, ErrForeign) {
				t.Errorf("Ensure: %v, want ErrForeign", err)
			}
			if err := table.Delete(); !errors.Is(err, ErrForeign) {
				t.Errorf("Delete: %v, want ErrForeign", err)
			}
			if diff := cmp.Diff(before, outline(t, table)); diff != "" {
				t.Errorf("the table was changed (-before +after):\n%s", diff)
			}
		})
	}
}

// rulesOf reads the expressions of all rules of the table, in order.
func rulesOf(t *testing.T, table *Table) []string {
	t.Helper()
	var rules []string
	err := table.sock.dump(unix.NFT_MSG_GETRULE, func(e *encoder) {
		e.str(unix.NFTA_RULE_TABLE, table.cfg.Table)
	}, func(b []byte) {
		chain := readString(attr(b, unix.NFTA_RULE_CHAIN))
		rules = append(rules, chain+": "+string(attr(b, unix.NFTA_RULE_EXPRESSIONS)))
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rules)
	return rules
}
