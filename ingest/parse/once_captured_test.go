package parse

import (
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

func TestProbe(t *testing.T) {
	for _, file := range captures(t) {
		type key struct{ a string }
		sums := map[string]map[policy.Witness]int{}
		oks := map[string]bool{}
		var s Sessions
		var evs []policy.Event
		stamps := NewStamper(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), time.UTC)
		for _, line := range readLines(t, file) {
			var ev policy.Event
			if !Line(line, &ev) || !s.Resolve(&ev) {
				continue
			}
			ev.Time, _ = stamps.Stamp(line)
			evs = append(evs, ev)
			a := ev.Addr.String()
			if ev.Kind == policy.AuthOK || ev.Kind == policy.BackendFault || ev.Excused > 0 {
				oks[a] = true
			}
			if ev.Kind == policy.AuthFail {
				if sums[a] == nil {
					sums[a] = map[policy.Witness]int{}
				}
				sums[a][ev.Witness] += ev.Failures
			}
		}
		good, bad := 0, 0
		for a, w := range sums {
			if oks[a] {
				continue
			}
			most := 0
			for _, n := range w {
				most = max(most, n)
			}
			bans := func(th int) bool {
				e := policy.New(policy.Config{Window: 24 * time.Hour, Threshold4: th, Threshold6: th, BanTime: time.Hour, BanTimeMax: time.Hour}, evs[0].Time)
				for i := range evs {
					if evs[i].Addr.String() == a && len(e.Observe(&evs[i], nil)) > 0 {
						return true
					}
				}
				return false
			}
			if bans(most) && !bans(most+1) {
				good++
			} else {
				bad++
				n := most
				for bans(n + 1) {
					n++
				}
				t.Logf("%s %s: witnesses %v, ban at %d", file, a, w, n)
			}
		}
		t.Logf("%s: %d good, %d bad", file, good, bad)
	}
}
