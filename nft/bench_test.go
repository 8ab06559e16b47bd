package nft

import (
	"net/netip"
	"testing"
	"time"
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

// BenchmarkOneBan is the commit of a single ban beside 100,000 others.
func BenchmarkOneBan(b *testing.B) {
	table := benchTable(b, 100_000, true)
	changes := []Change{ban("192.0.2.1/32", time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		apply(b, table, changes...)
	}
}

// BenchmarkBans2000 is a burst of bans in one transaction.
func BenchmarkBans2000(b *testing.B) {
	table := benchTable(b, 100_000, true)
	changes := many(2_000, time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		apply(b, table, changes...)
	}
}

func benchmarkLoad(b *testing.B, n int, counters bool) {
	table := benchTable(b, 0, counters)
	changes := many(n, time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		apply(b, table, changes...)
		b.StopTimer()
		if err := table.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkLoad100k(b *testing.B)         { benchmarkLoad(b, 100_000, false) }
func BenchmarkLoad100kCounters(b *testing.B) { benchmarkLoad(b, 100_000, true) }
func BenchmarkLoad1M(b *testing.B)           { benchmarkLoad(b, 1_000_000, false) }
func BenchmarkLoad1MCounters(b *testing.B)   { benchmarkLoad(b, 1_000_000, true) }

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
