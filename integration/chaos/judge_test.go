package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/chaos/traffic"
)

// TestJudge has one fault between 1000 and 1010 ms, and packets of an address
// that must be dropped and of one that must pass.
func TestJudge(t *testing.T) {
	leak := func(sent, answered time.Duration) traffic.Probe {
		return traffic.Probe{Source: 0, Sent: sent, Answered: answered}
	}
	drop := func(sent time.Duration) traffic.Probe { return traffic.Probe{Source: 1, Sent: sent} }
	opening, harmless := &kind{name: "opening", opens: true}, &kind{name: "harmless"}
	for _, tt := range []struct {
		name   string
		kind   *kind
		strict bool
		// stalled is for how long the machine stood still
		stalled time.Duration
		out     outcome
		probes  []traffic.Probe
		want    int
	}{
		{name: "as it must be", kind: opening, probes: []traffic.Probe{drop(1001 * ms), {Source: 0, Sent: 5 * ms}, {Source: 1, Sent: 5 * ms, Answered: 6 * ms}}},
		{name: "leak before", kind: opening, probes: []traffic.Probe{leak(900*ms, 901*ms)}, want: 1},
		{name: "drop before", kind: opening, probes: []traffic.Probe{drop(900 * ms)}, want: 1},
		{name: "leak in time", kind: opening, probes: []traffic.Probe{leak(1005*ms, 1006*ms), leak(1056*ms, 1058*ms)}},
		{name: "leak too late after the first", kind: opening, probes: []traffic.Probe{leak(1005*ms, 1006*ms), leak(1057*ms, 1058*ms)}, want: 1},
		{name: "leak too late", kind: opening, probes: []traffic.Probe{leak(1061*ms, 1062*ms)}, want: 1},
		{name: "drop in time", kind: opening, probes: []traffic.Probe{drop(1060 * ms)}},
		{name: "drop too late", kind: opening, probes: []traffic.Probe{drop(1061 * ms)}, want: 1},
		{name: "leak no later than the machine", kind: opening, stalled: 11 * ms, probes: []traffic.Probe{leak(1071*ms, 1072*ms)}},
		{name: "leak later than the machine", kind: opening, stalled: 10 * ms, probes: []traffic.Probe{leak(1071*ms, 1072*ms)}, want: 1},
		{name: "one address in a row", kind: harmless, probes: []traffic.Probe{leak(1005*ms, 1006*ms), leak(1010*ms, 1011*ms)}, want: 1},
		{name: "leak after what opens nothing", kind: harmless, probes: []traffic.Probe{leak(1005*ms, 1006*ms)}, want: 1},
		{name: "leak after what was refused", kind: opening, out: refused, probes: []traffic.Probe{leak(1005*ms, 1006*ms)}, want: 1},
		{name: "leak of a protected table", kind: opening, strict: true, probes: []traffic.Probe{leak(1005*ms, 1006*ms)}, want: 1},
		{name: "drop of a protected table", kind: opening, strict: true, probes: []traffic.Probe{drop(1005 * ms)}, want: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			guilty := &source{number: 0, addr: netip.MustParseAddr("198.19.0.1"), timeline: timeline{{0, dropped}}}
			innocent := &source{number: 1, addr: netip.MustParseAddr("198.19.0.2"), timeline: timeline{{0, passes}}}
			j := &judge{
				grace: 50 * ms, strict: tt.strict,
				stalled: func(_, _ time.Duration) time.Duration { return tt.stalled }, judged: map[verdict]int{},
				faults: []*fault{{step: 1, kind: tt.kind, began: 1000 * ms, done: 1010 * ms, outcome: tt.out}},
				source: func(n int) *source { return []*source{guilty, innocent}[n] },
			}
			j.take(tt.probes)
			if len(j.violations) != tt.want {
				t.Errorf("%d violations, want %d", len(j.violations), tt.want)
			}
			for _, v := range j.violations {
				t.Log(v)
			}
		})
	}
}

func TestQuantile(t *testing.T) {
	var sorted []time.Duration
	if got := quantile(sorted, 50); got != "-" {
		t.Errorf("of nothing: %s", got)
	}
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1)*ms)
	}
	for percent, want := range map[int]string{50: "100ms", 99: "198ms", 100: "200ms"} {
		if got := quantile(sorted, percent); got != want {
			t.Errorf("%d %%: %s, want %s", percent, got, want)
		}
	}
}
