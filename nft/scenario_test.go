package nft

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestScenarios does the same on the kernel and on a Fake, step by step: what
// the calls return, the time that bans have left, what packets meet and how the
// generation rises has to be the same.
func TestScenarios(t *testing.T) {
	for _, destroy := range ways(t) {
		for name, steps := range scenarios() {
			t.Run(fmt.Sprintf("%s/destroy=%v", name, destroy), func(t *testing.T) {
				t.Parallel()
				p := newPair(t, destroy)
				if name == "ends" && lacks(t, p.kernel.table.Features().SetCount, 6, 16) {
					t.Skip("on this kernel nobody can see when ended bans are collected")
				}
				for i, st := range steps {
					if diff := p.compare(st); diff != "" {
						// What follows would only differ for the same reason.
						t.Fatalf("step %d, %s (-kernel +fake):\n%s", i, st.name, diff)
					}
				}
			})
		}
	}
}

// newPair opens the table on both sides, without building it. The Fake lacks what
// this kernel lacks.
func newPair(t *testing.T, destroy bool) *pair {
	t.Helper()
	p := &pair{kernel: kernelSide(t), fake: fakeSide(t)}
	p.fake.fake.lacks = lacking(t)
	for _, s := range []*side{p.kernel, p.fake} {
		s.destroy = destroy
		if err := s.open(testConfig()); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(p.kernel.table.Features(), p.fake.table.Features()); d != "" {
		t.Fatal("features (-kernel +fake):", d)
	}
	return p
}

func scenarios() map[string][]step {
	return map[string][]step{
		"bans":            banScenario(),
		"layers":          layerScenario(),
		"all ports":       allPortsScenario(),
		"lengths":         {ensured(), applied(everyLength()...), surveyed(), lookedUpAt("203.0.113.255", "2001:db8:ffff::ffff"), flushed(), surveyed()},
		"ends":            endScenario(),
		"full":            fullScenario(),
		"many":            manyScenario(),
		"loaded":          loadScenario(),
		"allowed":         allowScenario(),
		"feed":            feedScenario(),
		"bad":             badScenario(),
		"foreign changes": foreignScenario(),
		"foreign flush":   flushScenario(),
		"protected":       protectedScenario(),
		"adoption":        adoptionScenario(),
		"not ours":        notOursScenario(),
		"damage":          damageScenario(),
		"log limit":       logScenario(),
	}
}

func banScenario() []step {
	key := policyKey("192.0.2.10/32")
	return []step{
		surveyed(), applied(ban("192.0.2.10/32", time.Hour)), flushed(), ensured(), surveyed(),
		applied(ban("192.0.2.10/32", time.Hour)), queried(key), visited(),
		applied(ban("192.0.2.10/32", 2*time.Hour)), queried(key),
		applied(ban("192.0.2.10/32", time.Minute)), queried(key),
		applied(ban("192.0.2.10/32", time.Minute)), queried(key),
		applied(ban("192.0.2.10/32", 1500*time.Millisecond+1)), queried(key),
		applied(ban("192.0.2.10/32", -time.Hour)), queried(key),
		applied(ban("192.0.2.10/32", 1<<63-1)), queried(key),
		applied(ban("192.0.3.5/24", time.Hour), ban("::ffff:192.0.2.11/128", time.Hour), ban("2001:db8:1::5/64", time.Hour)),
		applied(ban("2001:db8:2::/48", time.Hour), ban("2001:db8:4::5/128", time.Hour), ban("192.0.5.40/27", time.Hour)),
		visited(), surveyed(), lookedUpAt(visitors...),
		applied(lift("192.0.2.10/32"), lift("192.0.2.99/32"), lift("198.51.100.0/28"), lift("192.0.5.63/27")),
		visited(), surveyed(), applied(lift("192.0.2.10/32")), surveyed(), applied(),
		applied(ban("192.0.2.2/32", time.Hour), lift("192.0.2.2/32"), lift("192.0.2.3/32"), ban("192.0.2.3/32", 3*time.Hour)),
		surveyed(), flushed(), surveyed(), flushed(), visited(),
		deleted(), surveyed(), deleted(), applied(lift("192.0.5.63/27")), applied(lift("192.0.2.1/32")), ensured(), surveyed(),
	}
}

// layerScenario bans the same prefix in two layers and lifts one.
func layerScenario() []step {
	keys := []Key{policyKey("192.0.2.10/32"), manualKey("192.0.2.10/32"), manualKey("192.0.3.0/24"), manualKey("2001:db8:1::/64")}
	return []step{
		ensured(), queried(keys...),
		applied(ban("192.0.2.10/32", time.Hour), manual(ban("192.0.2.10/32", 2*time.Hour))),
		queried(keys...), visited(), lookedUpAt("192.0.2.10"),
		applied(lift("192.0.2.10/32")), queried(keys...), visited(),
		applied(ban("192.0.2.10/32", time.Minute), manual(lift("192.0.2.10/32"))), queried(keys...), visited(),
		applied(manual(ban("192.0.3.9/24", time.Hour)), manual(ban("2001:db8:1::/64", time.Hour))), queried(keys...), visited(),
		applied(lift("192.0.3.0/24")), visited(), surveyed(),
		applied(Change{Layer: LayerFeed, Prefix: keys[0].Prefix, Timeout: time.Hour}, manual(ban("192.0.4.0/24", time.Hour))),
		surveyed(), visited(),
	}
}

// allPortsScenario bans at all ports and lifts it, so that the chain for it comes
// and, with the next process, goes; and it lets an allowed address through.
func allPortsScenario() []step {
	keys := []Key{policyKey("192.0.2.10/32"), allKey("192.0.2.10/32"), allKey("2001:db8:1::/64"), manualKey("192.0.2.10/32")}
	host, net := everywhere(ban("192.0.2.10/32", time.Hour)), everywhere(ban("2001:db8:1::5/64", 2*time.Hour))
	return []step{
		applied(host), ensured(), applied(everywhere(lift("192.0.2.10/32"))), surveyed(),
		applied(ban("192.0.2.10/32", 3*time.Hour)), visited(),
		applied(host, net), queried(keys...), visited(), surveyed(), lookedUpAt("192.0.2.10", "2001:db8:1::5"),
		allowed("192.0.2.10/31", "2001:db8:1::5/128"), visited(), allowed(), fedWith("192.0.2.11/32"), visited(), surveyed(),
		applied(lift("192.0.2.10/32")), queried(keys...), visited(),
		applied(everywhere(lift("192.0.2.10/32"))), queried(keys...), visited(), surveyed(),
		closed(), opened(testConfig()), ensured(), surveyed(), visited(),
		applied(everywhere(ban("192.0.3.0/24", time.Hour)), everywhere(ban("192.0.2.10/32", time.Second))), visited(), surveyed(),
		flushed(), surveyed(), visited(), ensured(), surveyed(),
		closed(), opened(testConfig()), ensured(), surveyed(), visited(), applied(host), surveyed(),
		closed(), opened(configured(func(c *Config) { c.Hook, c.ElementCounters = HookUFW, false })), ensured(), surveyed(), visited(),
		flushedByOthers(), deleted(), ensured(), surveyed(), visited(), loaded(host, net), surveyed(), visited(),
	}
}

// endScenario lets bans end and adds them again before they are collected.
func endScenario() []step {
	key := policyKey("192.0.2.10/32")
	return []step{
		ensured(), applied(ban("192.0.2.10/32", time.Second), ban("192.0.3.0/24", time.Hour)), visited(),
		ended("192.0.2.10/32"), queried(key), surveyed(), visited(), lookedUpAt("192.0.2.10"),
		liftedByOthers(key), applied(lift("192.0.2.10/32")), surveyed(),
		applied(ban("192.0.2.10/32", time.Hour)), queried(key), surveyed(), visited(),
		applied(lift("192.0.2.10/32")), surveyed(), flushed(), surveyed(),
		applied(ban("192.0.2.10/32", time.Second)), ended("192.0.2.10/32"), flushed(), surveyed(),
		closed(), byOthers("make a set that is collected each second", collectedSet),
		ended("192.0.2.11/32"), collected("ban4", 1), surveyed(),
	}
}

// fullScenario fills a set; ended bans count until they are collected.
func fullScenario() []step {
	all := many(13, time.Hour)
	short := ban("192.0.2.10/32", time.Second)
	lifts := many(11, 0)
	for i := range lifts {
		lifts[i].Remove = true
	}
	return []step{
		opened(smallConfig()), ensured(), applied(all[:11]...), surveyed(),
		applied(all[11], ban("192.0.3.0/24", time.Hour)), surveyed(),
		applied(all[:11]...), applied(all[0]), applied(lift("192.0.2.99/32")), surveyed(),
		applied(lifts[0]), applied(all[11]), surveyed(), applied(all[12]),
		applied(append(lifts[1:3:3], all[12], all[0])...), surveyed(), applied(lifts...), surveyed(),
		flushed(), applied(append(all[:10:10], short)...), ended("192.0.2.10/32"), applied(all[10]), surveyed(),
		applied(short), applied(lifts[0]), applied(short), surveyed(), flushed(), applied(all[:11]...), surveyed(),
		applied(manual(all[12]), ban("192.0.5.40/27", time.Hour)), surveyed(),
	}
}

// manyScenario crosses the limits of messages and transactions.
func manyScenario() []step {
	cfg := configured(func(c *Config) { c.MaxBans = 15_000 })
	return []step{
		opened(cfg), ensured(), paced(applied(many(10_001, time.Hour)...)), surveyed(),
		paced(loaded(many(12_000, 2*time.Hour)...)), surveyed(), queried(policyKey("10.0.0.0/32"), policyKey("10.0.46.0/32")),
		flushed(), paced(loaded(many(16_500, time.Hour)...)), surveyed(), paced(applied(many(16_501, time.Minute)...)),
	}
}

// loadScenario adds bans beside others that stand.
func loadScenario() []step {
	keys := []Key{policyKey("192.0.2.10/32"), policyKey("192.0.2.11/32"), manualKey("192.0.2.10/32"), policyKey("192.0.5.32/27")}
	return []step{
		loaded(ban("192.0.2.10/32", time.Hour)), ensured(), loaded(), loaded(ban("192.0.2.10/32", time.Hour)), queried(keys...),
		loaded(ban("192.0.2.10/32", time.Minute), ban("192.0.2.11/32", time.Hour), manual(ban("192.0.2.10/32", time.Hour))), queried(keys...), visited(),
		loaded(ban("192.0.2.10/32", 2*time.Hour), ban("192.0.5.40/27", time.Hour), ban("192.0.5.41/27", time.Minute)), queried(keys...), visited(),
		loaded(lift("192.0.2.10/32"), ban("10.0.0.0/7", time.Hour), ban("192.0.4.77/32", time.Second)), queried(keys...),
		ended("192.0.4.77/32"), loaded(ban("192.0.4.77/32", time.Hour)), surveyed(), loaded(everyLength()...), loaded(everyLength()...), surveyed(),
		deleted(), loaded(ban("192.0.2.10/32", time.Hour)), opened(smallConfig()), ensured(), loaded(many(12, time.Hour)...), surveyed(),
		loaded(many(11, time.Hour)...), loaded(many(11, time.Hour)...), loaded(many(12, time.Hour)...), surveyed(),
	}
}

func allowScenario() []step {
	return []step{
		allowed("192.0.2.10/32"), ensured(), lookedUpAt("192.0.2.10"),
		applied(ban("192.0.2.0/24", time.Hour), ban("2001:db8:1::/64", time.Hour), ban("0.0.0.0/8", time.Hour)), visited(),
		allowed("192.0.2.8/31", "192.0.2.10/32", "192.0.2.9/32", "2001:db8:1::5/128", "255.0.0.0/8"), visited(),
		lookedUpAt("192.0.2.7", "192.0.2.8", "192.0.2.10", "192.0.2.11", "::ffff:192.0.2.9", "255.255.255.255", "254.255.255.255", "2001:db8:1::5"),
		allowed("0.0.0.0/0", "::/0"), visited(), lookedUpAt("0.0.0.0", "255.255.255.255", "::", "ffff::"),
		allowed(), visited(), allowed(), surveyed(), ensured(), allowed("::ffff:192.0.2.0/120"), visited(), ensured(), visited(),
		flushed(), visited(), deleted(), allowed("192.0.2.10/32"), ensured(), lookedUpAt("192.0.2.10"),
	}
}

func feedScenario() []step {
	return []step{
		fedWith("192.0.2.0/24"), ensured(), visited(),
		fedWith("192.0.2.0/25", "192.0.2.128/25", "192.0.2.7/32", "2001:db8:1::/63", "255.0.0.0/8"), visited(), surveyed(),
		lookedUpAt("192.0.2.10", "192.0.3.0", "2001:db8:1:1::5", "255.255.255.255"),
		applied(ban("192.0.2.10/32", time.Hour)), fedWith("192.0.3.0/24"), visited(), surveyed(), lookedUpAt("192.0.2.10", "192.0.3.77"),
		applied(lift("192.0.2.10/32"), manual(ban("192.0.3.0/24", time.Hour))), allowed("192.0.3.77/32"), visited(),
		flushed(), visited(), fedWith("192.0.3.0/24"), ensured(), visited(), surveyed(),
		fedWith("0.0.0.0/0", "::/0"), allowed(), visited(), lookedUpAt("0.0.0.0", "ffff::"),
		fedWith(), visited(), surveyed(),
	}
}

func badScenario() []step {
	return []step{
		ensured(),
		applied(
			Change{Timeout: time.Hour}, ban("10.0.0.0/7", time.Hour), ban("0.0.0.0/0", time.Hour), ban("2001::/15", time.Hour),
			ban("::/0", time.Hour), ban("::ffff:0.0.0.0/95", time.Hour), ban("192.0.2.10/32", time.Hour),
		),
		surveyed(), queried(policyKey("10.0.0.0/7")), visited(),
		{name: "look up nothing", do: func(s *side) outcome {
			_, _, err := s.table.Lookup(Key{}.Prefix.Addr())
			return outcome{Err: classes(err)}
		}},
		opened(Config{}), surveyed(),
	}
}

// foreignScenario has other programs lift and add bans and make sets.
func foreignScenario() []step {
	key := policyKey("192.0.2.10/32")
	spec := banSpec(kind{bits: 27}, 100, true)
	return []step{
		opened(unprotected()), ensured(), applied(ban("192.0.2.10/32", time.Hour)), liftedByOthers(key), queried(key), surveyed(), visited(),
		liftedByOthers(key), liftedByOthers(manualKey("192.0.2.10/32")), applied(ban("192.0.2.10/32", time.Hour)), surveyed(),
		byOthers("add without end", func(b *batch) {
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4", []element{keyed(key.Prefix), keyed(policyKey("192.0.2.11/32").Prefix)})
		}),
		surveyed(), visited(),
		byOthers("add with an end", func(b *batch) {
			el := keyed(key.Prefix)
			el.timeout, el.remaining = time.Hour, time.Minute
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4", []element{el})
		}),
		surveyed(),
		byOthers("make a set", func(b *batch) { b.set("smtpbl", spec) }), surveyed(),
		applied(ban("192.0.5.40/27", time.Hour)), surveyed(), visited(),
		byOthers("make another set", func(b *batch) {
			b.set("smtpbl", setSpec{name: "ban4_28", keyType: keyIPv4Addr, keyLen: 4})
		}),
		applied(ban("192.0.5.32/28", time.Hour), ban("192.0.4.77/32", time.Hour)), surveyed(),
	}
}

// flushScenario deletes an unprotected table; Ensure brings back what the
// process knows.
func flushScenario() []step {
	return []step{
		opened(unprotected()), ensured(), allowed("192.0.3.77/32"), fedWith("192.0.4.0/24"),
		applied(ban("192.0.2.10/32", time.Hour), ban("192.0.3.0/24", time.Hour), ban("192.0.5.40/27", time.Hour)), visited(),
		flushedByOthers(), surveyed(), visited(),
		applied(ban("192.0.2.10/32", time.Hour)), applied(ban("192.0.5.40/27", time.Hour)), applied(ban("192.0.5.40/29", time.Hour)),
		applied(lift("192.0.2.10/32")), flushed(), allowed("192.0.3.77/32"), queried(policyKey("192.0.2.10/32")), lookedUpAt("192.0.2.10"),
		ensured(), surveyed(), visited(), applied(ban("192.0.2.10/32", time.Hour), ban("192.0.5.40/27", time.Hour)), surveyed(), visited(),
	}
}

// protectedScenario tries to change the table of another process.
func protectedScenario() []step {
	key := policyKey("192.0.2.10/32")
	return []step{
		ensured(), applied(ban("192.0.2.10/32", time.Hour)),
		flushedByOthers(), liftedByOthers(key), surveyed(), visited(), opened(testConfig()), surveyed(), visited(),
		closed(), liftedByOthers(key), liftedByOthers(key), surveyed(),
		opened(testConfig()), surveyed(), ensured(), applied(ban("192.0.2.11/32", time.Hour)), surveyed(), flushedByOthers(), visited(),
		closed(), opened(unprotected()), ensured(), surveyed(), flushedByOthers(), surveyed(),
	}
}

// adoptionScenario opens the table with one configuration after another.
func adoptionScenario() []step {
	steps := []step{
		ensured(), allowed("192.0.2.11/32"), fedWith("192.0.4.0/24"),
		applied(append(someBans(), ban("192.0.2.0/24", time.Hour), ban("192.0.5.33/32", time.Second))...), ended("192.0.5.33/32"), visited(),
	}
	for _, change := range []func(*Config){
		func(*Config) {},
		func(c *Config) { c.Ports = []uint16{22} },
		func(c *Config) { c.Hook = HookInput },
		func(c *Config) { c.Hook = HookUFW },
		func(c *Config) { c.ElementCounters = false },
		func(c *Config) { c.LogRate = 0 },
		func(c *Config) { c.MaxBans *= 2 },
		func(c *Config) { c.MaxBans = 1 },
		func(c *Config) { c.Protect = false },
		func(*Config) {},
	} {
		steps = append(steps, closed(), opened(configured(change)), ensured(), surveyed(), visited(), applied(ban("192.0.5.64/32", time.Hour)), ensured(), surveyed())
	}
	return steps
}

// notOursScenario meets tables that are somebody else's.
func notOursScenario() []step {
	remove := byOthers("delete table", func(b *batch) { b.deleteTable("smtpbl") })
	return []step{
		byOthers("another firewall", func(b *batch) {
			b.table("smtpbl", 0)
			b.set("smtpbl", plainSpecs()[0])
		}),
		ensured(), surveyed(), applied(ban("192.0.2.10/32", time.Hour)), remove,
		byOthers("a set of intervals", func(b *batch) {
			b.table("smtpbl", 0)
			b.set("smtpbl", setSpec{name: "ban4", keyType: keyIPv4Addr, keyLen: 4, flags: unix.NFT_SET_INTERVAL})
		}),
		ensured(), surveyed(), remove, remove,
		byOthers("an empty table", func(b *batch) { b.table("smtpbl", 0) }), ensured(), surveyed(),
	}
}

// damageScenario has others take parts of the table away.
func damageScenario() []step {
	return []step{
		opened(unprotected()), ensured(), applied(someBans()...),
		byOthers("set in use", func(b *batch) { b.deleteSet("smtpbl", "ban4") }), surveyed(),
		byOthers("chain in use", func(b *batch) { b.deleteChain("smtpbl", chainLog) }), surveyed(),
		byOthers("asleep", func(b *batch) { b.table("smtpbl", tableDormant) }), surveyed(), visited(), ensured(), surveyed(),
		byOthers("rules flushed", func(b *batch) { b.flushChain("smtpbl", chainBlacklist) }), surveyed(), visited(), ensured(), visited(),
		byOthers("flushed and set deleted", func(b *batch) {
			b.flushChain("smtpbl", chainBlacklist)
			b.deleteSet("smtpbl", "ban4_24")
		}),
		surveyed(), applied(ban("192.0.3.0/24", time.Hour)), ensured(), surveyed(),
		byOthers("hook deleted", func(b *batch) {
			b.flushChain("smtpbl", chainHook)
			b.deleteChain("smtpbl", chainHook)
		}),
		surveyed(), visited(), ensured(), surveyed(), visited(),
		byOthers("nothing to flush", func(b *batch) { b.flushChain("smtpbl", "none") }),
		byOthers("half a change", func(b *batch) {
			b.flushSet("smtpbl", "ban4")
			b.flushChain("smtpbl", chainBlacklist)
			b.deleteChain("smtpbl", chainHook)
			b.deleteTable("none")
		}),
		surveyed(), visited(),
	}
}

// logScenario drops more packets at once than are logged.
func logScenario() []step {
	steps := []step{
		ensured(), applied(ban("192.0.2.10/32", time.Hour), ban("2001:db8:1::/64", time.Hour)),
	}
	for range 4 {
		steps = append(steps, visited())
	}
	cfg := configured(func(c *Config) { c.LogBurst, c.NFLogGroup = 0, 7 })
	return append(steps, surveyed(), closed(), opened(cfg), ensured(), visited(), visited(), surveyed())
}
