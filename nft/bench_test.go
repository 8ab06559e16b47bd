package nft

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// benchTable holds n bans.
func benchTable(b *testing.B, n int, counters bool) *Table {
	b.Helper()
	cfg := testConfig()
	cfg.MaxBans, cfg.ElementCounters = 2_000_000, counters
	table, _ := standingTable(b, cfg)
	apply(b, table, many(n, time.Hour)...)
	return table
}

// BenchmarkOneBan is the commit of a single new ban beside many others.
func BenchmarkOneBan(b *testing.B) {
	for _, n := range []int{0, 10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			table := benchTable(b, n, true)
			change := make([]Change, 1)
			addr := netip.MustParseAddr("192.0.2.0")
			b.ReportAllocs()
			reportCPU(b)
			for b.Loop() {
				addr = addr.Next()
				change[0] = Change{Prefix: netip.PrefixFrom(addr, 32), Timeout: time.Hour}
				apply(b, table, change...)
			}
		})
	}
}

// BenchmarkOneBanAtAllPorts is the same for bans at all ports, whose set and
// chain stand.
func BenchmarkOneBanAtAllPorts(b *testing.B) {
	table := benchTable(b, 10_000, true)
	addr := netip.MustParseAddr("192.0.2.0")
	apply(b, table, everywhere(ban("192.0.2.0/32", time.Hour)))
	b.ReportAllocs()
	reportCPU(b)
	for b.Loop() {
		addr = addr.Next()
		apply(b, table, Change{Layer: LayerAll, Prefix: netip.PrefixFrom(addr, 32), Timeout: time.Hour})
	}
}

// reportCPU adds the processor time of the process to a benchmark, for machines
// that have other things to do. Transactions are the caller's time.
func reportCPU(b *testing.B) {
	before := cpuTime(b)
	b.Cleanup(func() {
		b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
	})
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkBans2000 is a burst of bans in one transaction.
func BenchmarkBans2000(b *testing.B) {
	table := benchTable(b, 100_000, true)
	changes := many(2_000, time.Hour)
	b.ReportAllocs()
	reportCPU(b)
	for b.Loop() {
		apply(b, table, changes...)
	}
}

// benchmarkLoad writes n bans into a new table. An old one that was emptied
// would not do: the kernel makes its sets smaller and has to let them grow again.
func benchmarkLoad(b *testing.B, n int, counters bool, load func(*Table, []Change) error) {
	table := benchTable(b, 0, counters)
	changes := many(n, time.Hour)
	b.ReportAllocs()
	reportCPU(b)
	for b.Loop() {
		if err := load(table, changes); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := table.Delete(); err != nil {
			b.Fatal(err)
		}
		ensure(b, table)
		b.StartTimer()
	}
}

func BenchmarkLoad(b *testing.B) {
	loads := map[string]func(*Table, []Change) error{"Apply": (*Table).Apply, "Load": (*Table).Load}
	for name, load := range loads {
		for _, n := range []int{100_000, 1_000_000} {
			for _, counters := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%d/counters=%v", name, n, counters), func(b *testing.B) {
					benchmarkLoad(b, n, counters, load)
				})
			}
		}
	}
}

// BenchmarkCounters is what a scrape of the metrics costs.
func BenchmarkCounters(b *testing.B) {
	table := benchTable(b, 100_000, true)
	for b.Loop() {
		if _, err := table.Counters(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIntact is what looking for foreign changes costs.
func BenchmarkIntact(b *testing.B) {
	table := benchTable(b, 100_000, true)
	for b.Loop() {
		if ok, err := table.Intact(); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkGeneration(b *testing.B) {
	table := benchTable(b, 0, true)
	for b.Loop() {
		if _, err := table.Generation(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuery2000(b *testing.B) {
	table := benchTable(b, 100_000, true)
	list := prefixes(many(2_000, 0))
	for b.Loop() {
		query(b, table.Reader, list...)
	}
}

func BenchmarkLookup(b *testing.B) {
	table := benchTable(b, 100_000, true)
	for b.Loop() {
		if _, _, err := table.Lookup(netip.MustParseAddr("10.0.0.1")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBansList100k is the listing without knowledge of the keys.
func BenchmarkBansList100k(b *testing.B) {
	table := benchTable(b, 100_000, true)
	for b.Loop() {
		if bans, err := table.Bans(); err != nil || len(bans) != 100_000 {
			b.Fatal(len(bans), err)
		}
	}
}

// BenchmarkEnsure is the adoption of a table with 100,000 bans, and
// BenchmarkRebuild its replacement with all bans carried over.
func BenchmarkEnsure(b *testing.B) {
	table := benchTable(b, 100_000, true)
	for b.Loop() {
		ensure(b, table)
	}
}

func BenchmarkRebuild100k(b *testing.B) {
	table := benchTable(b, 100_000, true)
	for b.Loop() {
		table.cfg.ElementCounters = !table.cfg.ElementCounters
		if a := ensure(b, table); a.Carried != 100_000 {
			b.Fatalf("%+v", a)
		}
	}
}

// BenchmarkWatchedLoad100k is BenchmarkLoad100kCounters beside a Watcher, which the
// kernel prepares notifications for.
func BenchmarkWatchedLoad100k(b *testing.B) {
	table, _ := unprotectedTable(b)
	watch(b, table)
	changes := many(100_000, time.Hour)
	for b.Loop() {
		apply(b, table, changes...)
		b.StopTimer()
		if err := table.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
