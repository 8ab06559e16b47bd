package enforce

import (
	"strconv"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// BenchmarkHeal is the time from another program's `flush ruleset` until the
// latest bans stand again, as ns/op, and all of them.
func BenchmarkHeal(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { benchmarkHeal(b, n) })
	}
}

func benchmarkHeal(b *testing.B, n int) {
	usual := tableConfig
	defer func() { tableConfig = usual }()
	tableConfig.MaxBans = 200_000
	w := watched(b)
	for _, r := range manyRecords(n) {
		w.ledger.put(r)
	}
	w.rebuildFor(causeChange, nft.Foreign{})
	s := newStranger(b)
	var all, slowest time.Duration
	for b.Loop() {
		b.StopTimer()
		s.FlushRuleset()
		s.commit()
		start := time.Now()
		b.StartTimer()
		f, err := w.lookout.source.Next()
		if err != nil {
			b.Fatal(err)
		}
		w.lookout.add(f, false)
		w.disturbed()
		b.StopTimer()
		for w.round != nil {
			slice := time.Now()
			w.look(slice)
			slowest = max(slowest, time.Since(slice))
		}
		all += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(all.Seconds()*1e3/float64(b.N), "ms/all")
	b.ReportMetric(slowest.Seconds()*1e3, "ms/slowest-slice")
}
