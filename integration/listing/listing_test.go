// Package listing compares what the administrator's nft reads with what was
// written.
package listing

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	kernel "github.com/smtpbl/smtpbl/nft"
)

var update = flag.Bool("update", false, "write the expected listings anew")

// usual is the configuration that the others differ from.
func usual() kernel.Config {
	return kernel.Config{
		Table: "smtpbl", Ports: []uint16{25, 465, 587}, Hook: kernel.HookPrerouting,
		MaxBans: 262_144, ElementCounters: true, Protect: true,
		LogRate: 3, LogPer: time.Minute, LogBurst: 10, LogPrefix: "[SMTP BLACKLIST] ",
		Mark: 0x5b100000, MarkMask: 0xfff00000,
	}
}

// TestListing builds tables of several configurations, with bans of all layers,
// and reads them with nft.
func TestListing(t *testing.T) {
	command := command(t)
	tests := map[string]func(*kernel.Config){
		"usual":         func(*kernel.Config) {},
		"input":         func(c *kernel.Config) { c.Hook = kernel.HookInput },
		"ufw":           func(c *kernel.Config) { c.Hook = kernel.HookUFW },
		"no-counters":   func(c *kernel.Config) { c.ElementCounters = false },
		"no-log":        func(c *kernel.Config) { c.LogRate = 0 },
		"nflog":         func(c *kernel.Config) { c.NFLogGroup = 5 },
		"all-ports":     func(*kernel.Config) {},
		"all-ports-ufw": func(c *kernel.Config) { c.Hook = kernel.HookUFW },
		"unprotected":   func(c *kernel.Config) { c.Protect = false },
		"other": func(c *kernel.Config) {
			c.Table, c.Ports, c.MaxBans = "other", []uint16{2525}, 10
			c.LogRate, c.LogPer, c.LogBurst, c.LogPrefix = 1, time.Hour, 1, "dropped: "
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := usual()
			change(&cfg)
			table := build(t, cfg)
			fill(t, table)
			bans := changes
			if strings.HasPrefix(name, "all-ports") {
				if err := table.Apply(everywhere); err != nil {
					t.Fatal(err)
				}
				bans = slices.Concat(changes, everywhere)
			}
			out, err := command.run(t.Context(), "-j", "list", "ruleset")
			if err != nil {
				t.Fatalf("nft: %v\n%s", err, out)
			}
			got := read(t, out)
			compareObjects(t, name, got.Objects)
			compareElements(t, cfg, bans, got.Elements)
		})
	}
}

// build makes the table in a network namespace that ends with the test's thread.
func build(t *testing.T, cfg kernel.Config) *kernel.Table {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread must not be used again
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		refuse(t, fmt.Sprintf("no network namespace: %v", err))
	}
	table, err := kernel.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	if f := table.Features(); !f.Protect {
		t.Skip("this kernel has no tables that outlive their owner, which the listings show")
	}
	if _, err := table.Ensure(); err != nil {
		t.Fatal(err)
	}
	return table
}

var (
	// changes are bans of the layers for the mail ports, of standing and of other
	// lengths, with and without host bits.
	changes = []kernel.Change{
		{Prefix: netip.MustParsePrefix("192.0.2.10/32"), Timeout: time.Hour},
		{Prefix: netip.MustParsePrefix("::ffff:192.0.2.11/128"), Timeout: 2 * time.Hour},
		{Prefix: netip.MustParsePrefix("192.0.3.77/24"), Timeout: 4 * time.Hour},
		{Prefix: netip.MustParsePrefix("192.0.5.40/27"), Timeout: 8 * time.Hour},
		{Prefix: netip.MustParsePrefix("2001:db8:1::5/64"), Timeout: 16 * time.Hour},
		{Prefix: netip.MustParsePrefix("2001:db8:2:9::/48"), Timeout: 32 * time.Hour},
		{Prefix: netip.MustParsePrefix("2001:db8:3::7/128"), Timeout: 720 * time.Hour},
		{Prefix: netip.MustParsePrefix("2001:db8::/40"), Timeout: time.Minute},
		{Layer: kernel.LayerManual, Prefix: netip.MustParsePrefix("192.0.2.10/32"), Timeout: 3 * time.Hour},
		{Layer: kernel.LayerManual, Prefix: netip.MustParsePrefix("198.51.100.0/28"), Timeout: 5 * time.Hour},
		{Layer: kernel.LayerManual, Prefix: netip.MustParsePrefix("2001:db8:1::/64"), Timeout: 6 * time.Hour},
	}
	// everywhere are bans at all ports, which only some of the tables have: the
	// others lack the chain for them.
	everywhere = []kernel.Change{
		{Layer: kernel.LayerAll, Prefix: netip.MustParsePrefix("192.0.2.10/32"), Timeout: 7 * time.Hour},
		{Layer: kernel.LayerAll, Prefix: netip.MustParsePrefix("2001:db8:1::/64"), Timeout: 9 * time.Hour},
	}
	lifted = kernel.Change{Prefix: netip.MustParsePrefix("192.0.2.99/32"), Timeout: time.Hour}
)

// fill sets, renews and lifts bans.
func fill(t *testing.T, table *kernel.Table) {
	t.Helper()
	sooner := changes[0]
	sooner.Timeout = time.Minute
	gone := lifted
	gone.Remove = true
	for _, some := range [][]kernel.Change{{sooner, lifted}, changes, {gone}} {
		if err := table.Apply(some); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.SetAllow(prefixes("192.0.2.128/25", "192.0.2.130/32", "2001:db8:4::/47", "255.255.255.255/32")); err != nil {
		t.Fatal(err)
	}
	if err := table.SetFeed(prefixes("203.0.113.0/25", "203.0.113.128/26", "203.0.113.9/32", "198.51.100.77/32", "2001:db8:5::/48")); err != nil {
		t.Fatal(err)
	}
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// compareObjects compares everything but elements with the expected listing. In
// it the persist flag of the table is "unknown", because this nft is older than
// the flag.
func compareObjects(t *testing.T, name string, got []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), got); diff != "" {
		t.Errorf("listing (-want +got), -update takes it over:\n%s", diff)
	}
}

// compareElements compares the elements with the bans.
func compareElements(t *testing.T, cfg kernel.Config, bans []kernel.Change, got []element) {
	t.Helper()
	want := plain(cfg)
	for _, c := range bans {
		prefix, err := kernel.Normalize(c.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, element{
			Set: kernel.Key{Layer: c.Layer, Prefix: prefix}.Set(), Value: prefix.Addr().String(),
			Timeout: c.Timeout.Seconds(), Counter: cfg.ElementCounters,
		})
	}
	byName := cmpopts.SortSlices(func(a, b element) bool { return a.Set+" "+a.Value < b.Set+" "+b.Value })
	if diff := cmp.Diff(want, got, byName, cmpopts.IgnoreFields(element{}, "Expires")); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	const busy = 30 // seconds that building may take
	for _, el := range got {
		if el.Timeout > 0 && (el.Expires > el.Timeout || el.Expires < el.Timeout-busy) {
			t.Errorf("%v of %v seconds are left for %s in %s", el.Expires, el.Timeout, el.Value, el.Set)
		}
	}
}

// plain lists the elements of the sets that are no bans with an end: what
// overlaps or touches is one range, which nft writes as a prefix if it is one.
func plain(cfg kernel.Config) []element {
	els := []element{
		{Set: "allow4", Value: "192.0.2.128/25"},
		{Set: "allow4", Value: "255.255.255.255"},
		{Set: "allow6", Value: "2001:db8:4::/47"},
		{Set: "feed4_a", Value: "203.0.113.0-203.0.113.191"},
		{Set: "feed4_a", Value: "198.51.100.77"},
		{Set: "feed6_a", Value: "2001:db8:5::/48"},
	}
	for _, port := range cfg.Ports {
		els = append(els, element{Set: "ports", Value: strconv.Itoa(int(port))})
	}
	return els
}
