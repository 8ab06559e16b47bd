package nft

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestConfig names every fault at once.
func TestConfig(t *testing.T) {
	good := testConfig()
	if err := good.check(); err != nil {
		t.Errorf("good configuration: %v", err)
	}
	tests := map[string]func(*Config){
		"name":       func(c *Config) { c.Table = "" },
		"255 bytes":  func(c *Config) { c.Table = strings.Repeat("x", 256) },
		"ports":      func(c *Config) { c.Ports = nil },
		"hook":       func(c *Config) { c.Hook = "forward" },
		"mark":       func(c *Config) { c.Hook, c.Mark = HookUFW, 0 },
		"mask":       func(c *Config) { c.Hook, c.Mark = HookUFW, 0x5b100001 },
		"bans":       func(c *Config) { c.MaxBans = 0 },
		"log prefix": func(c *Config) { c.LogPrefix = strings.Repeat("x", 128) },
		"log rate":   func(c *Config) { c.LogPer = 2 * time.Minute },
	}
	bad := testConfig()
	for name, spoil := range tests {
		cfg := testConfig()
		spoil(&cfg)
		spoil(&bad)
		if err := cfg.check(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want ErrConfig that names it", name, err)
		}
	}
	if _, err := Open(bad); !errors.Is(err, ErrConfig) || strings.Count(err.Error(), "\n") < 5 {
		t.Errorf("Open: %v, want all faults", err)
	}
}

// TestConcurrentUse writes and reads from many goroutines. The race detector
// and the count at the end are the judges.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const rounds = 30
	table, _ := standingTable(t, testConfig())
	apply(t, table, ban("192.0.2.1/32", time.Hour))
	changes := many(1_000, time.Hour)
	work := []func() error{
		func() error { return table.Apply(changes[:500]) },
		func() error { return table.Apply(changes[500:]) },
		func() error { _, err := table.Counters(); return err },
		func() error { _, err := table.Bans(); return err },
		func() error { _, err := table.Query(keys(prefixes(changes)...)); return err },
		func() error { _, _, err := table.Lookup(netip.MustParseAddr("192.0.2.1")); return err },
		func() error { _, err := table.Intact(); return err },
		func() error { _, err := table.Ensure(); return err },
		func() error { _, err := table.Count(); return err },
	}
	var wg sync.WaitGroup
	for i, f := range work {
		wg.Go(func() {
			for range rounds {
				if err := f(); err != nil {
					t.Errorf("task %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(listed(t, table.Reader)); got != 1_001 {
		t.Errorf("%d bans at the end, want 1001", got)
	}
	wantIntact(t, table, true)
}

// TestReadingNothing reads a namespace without the table.
func TestReadingNothing(t *testing.T) {
	t.Parallel()
	table, ns := standingTable(t, testConfig())
	if err := table.Delete(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReadOnly(testConfig(), WithNetNS(ns.FD()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	one := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	calls := map[string]func() error{
		"Bans":     func() error { _, err := r.Bans(); return err },
		"Query":    func() error { _, err := r.Query(keys(one...)); return err },
		"Lookup":   func() error { _, _, err := r.Lookup(one[0].Addr()); return err },
		"Count":    func() error { _, err := r.Count(); return err },
		"Counters": func() error { _, err := r.Counters(); return err },
		"SetAllow": func() error { return table.SetAllow(one) },
		"Flush":    table.Flush,
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrTableGone) {
			t.Errorf("%s: %v, want ErrTableGone", name, err)
		}
	}
	wantIntact(t, table, false)
}
