package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

func TestTimelineAt(t *testing.T) {
	l := timeline{{100 * ms, passes}, {1000 * ms, either}, {1100 * ms, dropped}, {3000 * ms, either}, {3200 * ms, passes}}
	for at, want := range map[time.Duration]verdict{
		50 * ms: either, 100 * ms: passes,
		949 * ms: passes, 950 * ms: either, // may reach the server after the change
		1099 * ms: either, 1100 * ms: dropped, 2949 * ms: dropped, 2950 * ms: either,
		3199 * ms: either, 3200 * ms: passes, time.Hour: passes,
	} {
		if got := l.at(at, 50*ms); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}

func TestTimelineFrom(t *testing.T) {
	l := timeline{{1, passes}, {5, dropped}, {9, either}, {10, passes}}
	got := l.from(8, turn{8, either}, turn{9, passes})
	want := timeline{{1, passes}, {5, dropped}, {8, either}, {9, passes}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(turn{})); diff != "" {
		t.Errorf("lifted early (-want +got):\n%s", diff)
	}
}

// TestTimelineExcuse has a ban that was decided before the service went down,
// one meanwhile, and one after.
func TestTimelineExcuse(t *testing.T) {
	for _, tt := range []struct{ dropsAt, later time.Duration }{
		{99 * ms, 0},
		{100 * ms, 150 * ms}, // must drop 50 ms after the service is up
		{249 * ms, 1 * ms},
		{250 * ms, 0},
	} {
		l := timeline{{10 * ms, passes}, {60 * ms, either}, {tt.dropsAt, dropped}, {5000 * ms, either}, {5100 * ms, passes}}
		l.excuse(100*ms, 200*ms, 50*ms)
		want := timeline{{10 * ms, passes}, {60 * ms, either}, {tt.dropsAt + tt.later, dropped}, {5000 * ms, either}, {5100*ms + tt.later, passes}}
		if diff := cmp.Diff(want, l, cmp.AllowUnexported(turn{})); diff != "" {
			t.Errorf("drops at %v (-want +got):\n%s", tt.dropsAt, diff)
		}
	}
}
