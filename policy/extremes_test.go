package policy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// extreme has every number that the configuration file lets in at its highest.
func extreme() Config {
	const year, most = 365 * 24 * time.Hour, 10_000
	return Config{
		Window: year, Threshold4: most, Threshold6: most, BanTime: 10 * year, BanTimeMax: 10 * year,
		Net4Hosts: 256, Net6Hosts: 1 << 16, NetTime: 10 * year, SoftThreshold4: most, SoftThreshold6: most, SoftTime: year,
		AllPortsTime: 10 * year, BanExtra: 50, BanDecay: year, KnownThreshold: most, KnownFor: year,
		AccountNets: 32, AccountTime: 10 * year, NetAccounts: 32, NetFailing: 32, OutageFaults: 1000, MaxTracked: 1 << 20,
	}
}

// TestHighestThresholds fails once too seldom, and once more.
func TestHighestThresholds(t *testing.T) {
	rung(t, map[string]scenario{
		"of a stranger": {func(c *Config) { *c = extreme() }, `
			0s fail 192.0.2.1 n=9999
			1h fail 192.0.2.1`, []string{"1h0m0s host 192.0.2.1/32 by auth_fail, 10000, rank 1, for 65272h15m57s"}},
		"more than anybody can": {func(c *Config) { *c = extreme() }, `
			0s fail 192.0.2.1 n=2000000000 u=bob`, []string{"0s host 192.0.2.1/32 by auth_fail, 16384, rank 1, for 65272h15m57s"}},
		"of one known user alone": {func(c *Config) { *c = extreme(); c.Threshold4, c.SoftThreshold4 = 5, 0 }, `
			0s ok   192.0.2.1 u=bob
			1s fail 192.0.2.1 n=16367 u=bob
			2s fail 192.0.2.1 u=bob`, []string{"2s host 192.0.2.1/32 by auth_fail, 16368, rank 1, for 65272h15m57s"}},
	})
}

// TestLowestThresholds has every number at its lowest.
func TestLowestThresholds(t *testing.T) {
	low := func(c *Config) {
		*c = Config{
			Window: time.Second, Threshold4: 1, Threshold6: 1, BanTime: time.Second, BanTimeMax: time.Second, Net4Hosts: 1, Net6Hosts: 1,
			NetTime: time.Second, SoftThreshold4: 1, SoftThreshold6: 1, SoftTime: time.Second, AllPorts4: 2, AllPorts6: 2,
			AllPortsTime: time.Second, BanExtra: 50, BanDecay: time.Minute, KnownThreshold: 1, KnownFor: time.Minute,
			AccountNets: 1, AccountTime: time.Second, NetAccounts: 1, NetFailing: 1, OutageFaults: 1, MaxTracked: 1000, Secret: 1,
		}
	}
	rung(t, map[string]scenario{
		"one failure bans the address and its net": {low, `
			0s fail 192.0.2.1
			0s fail 192.0.2.1
			1s fail 192.0.2.1`, []string{
			"0s host 192.0.2.1/32 by auth_fail, 1, rank 1, for 1s",
			"0s net 192.0.2.0/24 by net, 1, rank 1, for 1s",
			"1s host 192.0.2.1/32 by auth_fail, 1, rank 1, for 1s",
			"1s net 192.0.2.0/24 by net, 1, rank 1, for 1s",
		}},
		"the next one closes all ports": {func(c *Config) { low(c); c.Net6Hosts = 0 }, `
			0s fail 2001:db8::1
			0s fail 2001:db8::2`, []string{
			"0s host 2001:db8::/64 by auth_fail, 1, rank 1, for 1s",
			"0s all 2001:db8::/64 by persist, 2, rank 1, for 1s",
		}},
		"a user who is known to no avail": {func(c *Config) { low(c); c.Threshold4 = 2 }, `
			0s ok   192.0.2.1 u=bob
			0s fail 192.0.2.1 u=bob
			0s fail 192.0.2.1 u=bob`, []string{
			"0s soft 192.0.2.1/32 by auth_fail, 1, rank 0, for 1s",
			"0s host 192.0.2.1/32 by auth_fail, 2, rank 1, for 1s",
			"0s net 192.0.2.0/24 by net, 1, rank 1, for 1s",
		}},
	})
}

// TestSaneNumbers gives an Engine numbers that no file can hold.
func TestSaneNumbers(t *testing.T) {
	for _, n := range []int{math.MinInt, -1, 0, 1, math.MaxInt32, math.MaxInt} {
		d := time.Duration(n)
		e := New(Config{
			Window: d, Threshold4: n, Threshold6: n, BanTime: d, BanTimeMax: d, Net4Hosts: n, Net6Hosts: n, NetTime: d,
			SoftThreshold4: n, SoftThreshold6: n, SoftTime: d, AllPorts4: n, AllPorts6: n, AllPortsTime: d, BanExtra: n, BanDecay: d,
			KnownThreshold: n, KnownFor: d, AccountNets: n, AccountTime: d, NetAccounts: n, NetFailing: n, OutageFaults: n,
			MaxTracked: min(n, 1000),
		}, start)
		rnd := rand.New(rand.NewPCG(uint64(n), 31))
		for _, ev := range anything(rnd, 2000) {
			for _, got := range e.Observe(&ev, nil) {
				if got.For() <= 0 || got.Failures < 1 {
					t.Fatalf("with %d: decided %+v", n, got)
				}
			}
		}
		sound(t, e)
	}
}

// TestTrimDropsWhatDoesNotCountFirst compares with one at a time.
func TestTrimDropsWhatDoesNotCountFirst(t *testing.T) {
	e := New(testConfig, start)
	rnd := rand.New(rand.NewPCG(1, 41))
	for range 200 {
		x := make([]entry, rnd.IntN(3*e.cfg.kept()))
		for i := range x {
			x[i] = entry{at: second(i), witness: WitnessMTA, flags: entryFlags(rnd.IntN(4) / 3)}
		}
		want := slices.Clone(x)
		for len(want) > e.cfg.kept() {
			i := max(slices.IndexFunc(want, func(f entry) bool { return f.flags&void != 0 }), 0)
			want = slices.Delete(want, i, i+1)
		}
		if got := e.trim(x); !slices.Equal(got, want) {
			t.Fatalf("%d entries are left, want %d", len(got), len(want))
		}
	}
}
