package nft

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// otherWriter changes a table of its own until stop is called, which returns how
// long each of its changes took, in order of length.
func otherWriter(tb testing.TB, ns *nettest.Namespace) (stop func() []time.Duration) {
	tb.Helper()
	s, err := openSocket(ns.FD())
	if err != nil {
		tb.Fatal(err)
	}
	change := func(write func(*batch)) {
		b := newBatch(s.out)
		write(b)
		if err := s.commit(b); err != nil {
			tb.Errorf("change of another program: %v", err)
		}
	}
	set := setSpec{name: "others", keyType: keyIPv4Addr, keyLen: 4}
	element := []element{keyed(netip.MustParsePrefix("192.0.2.1/32"))}
	change(func(b *batch) {
		b.table("other", 0)
		b.set("other", set)
	})
	var waits []time.Duration
	quit, ended := make(chan struct{}), make(chan struct{})
	tick := time.NewTicker(time.Millisecond)
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			start := time.Now()
			change(func(b *batch) {
				b.flushSet("other", set.name)
				b.elements(unix.NFT_MSG_NEWSETELEM, create, "other", set.name, element)
			})
			waits = append(waits, time.Since(start))
		}
	}()
	return func() []time.Duration {
		close(quit)
		<-ended
		tick.Stop()
		if err := s.close(); err != nil {
			tb.Error(err)
		}
		slices.Sort(waits)
		return waits
	}
}

// BenchmarkOthersWait tells how long other programs wait for their own changes
// while many bans are written.
func BenchmarkOthersWait(b *testing.B) {
	works := []struct {
		name  string
		first func(*Table, []Change) error
		work  func(*Table, []Change) error
	}{
		{"new", nothing, (*Table).Apply},
		{"again", (*Table).Load, (*Table).Apply},
		{"lift", (*Table).Load, func(t *Table, changes []Change) error {
			lifts := slices.Clone(changes)
			for i := range lifts {
				lifts[i] = Change{Prefix: lifts[i].Prefix, Remove: true}
			}
			return t.Apply(lifts)
		}},
		{"load", nothing, (*Table).Load},
		{"feed", nothing, func(t *Table, changes []Change) error { return t.SetFeed(manyRanges(len(changes))) }},
	}
	for _, n := range []int{100_000, 1_000_000} {
		changes := many(n, time.Hour)
		for _, w := range works {
			b.Run(fmt.Sprintf("%s/%d", w.name, n), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					cfg := testConfig()
					cfg.MaxBans = 2_000_000
					table, ns := standingTable(b, cfg)
					if err := w.first(table, changes); err != nil {
						b.Fatal(err)
					}
					stop := otherWriter(b, ns)
					b.StartTimer()
					err := w.work(table, changes)
					b.StopTimer()
					if err != nil {
						b.Fatal(err)
					}
					reportWaits(b, stop())
					b.StartTimer()
				}
			})
		}
	}
}

func nothing(*Table, []Change) error { return nil }

func reportWaits(b *testing.B, waits []time.Duration) {
	b.Helper()
	if len(waits) == 0 {
		b.Fatal("the other program changed nothing")
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	b.ReportMetric(ms(waits[len(waits)-1]), "worst-ms")
	b.ReportMetric(ms(waits[len(waits)*99/100]), "p99-ms")
	b.ReportMetric(ms(waits[len(waits)/2]), "median-ms")
}
