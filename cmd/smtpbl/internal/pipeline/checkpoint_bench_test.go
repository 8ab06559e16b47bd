package pipeline

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/policy"
)

// BenchmarkCheckpoint measures for how long the Judge decides nothing while it
// writes the window of a million addresses.
func BenchmarkCheckpoint(b *testing.B) {
	for _, each := range []int{1, 4} {
		b.Run(fmt.Sprintf("failures=%d", each), func(b *testing.B) {
			e := policy.New(policy.Config{Window: 24 * time.Hour, Threshold4: 5, Threshold6: 5, BanTime: time.Hour, BanTimeMax: 24 * time.Hour, MaxTracked: 1 << 20}, start)
			for i := range 1_000_000 {
				for n := range each {
					e.Observe(&policy.Event{
						Time: start.Add(time.Duration(i) * time.Millisecond), Kind: policy.AuthFail, Witness: policy.WitnessMTA,
						Addr: netip.AddrFrom4([4]byte{10 + byte(i>>16), byte(i >> 8), byte(i), 7}), User: fmt.Appendf(nil, "u%d-%d", i, n),
					}, nil)
				}
			}
			r := &recorder{}
			j := NewJudge(e, r, r, nil, slog.New(slog.DiscardHandler))
			s, _, _, err := store.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			j.Windows = s
			for b.Loop() {
				j.changed, r.work = true, nil
				j.checkpoint(b.Context())
				b.StopTimer()
				s.DropWindow(r.work[0].Checkpoint.Window)
				b.StartTimer()
			}
			b.ReportMetric(float64(e.Tracked()), "tracked")
		})
	}
}
