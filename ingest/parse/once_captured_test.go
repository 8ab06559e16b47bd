package parse

import (
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// In the captured logs most failures are told by several lines. What an address
// did is what that witness tells who tells most of it: it must ban at exactly
// that many.
func TestCapturedAttemptsCountOnce(t *testing.T) {
	for _, file := range captures(t) {
		n := 0
		for _, events := range eventsByAddress(t, file) {
			most, plain := mostTold(events)
			if !plain || most == 0 {
				continue
			}
			n++
			if !bans(events, most) || bans(events, most+1) {
				t.Errorf("%s: %d failures of %s are not counted as that many", file, most, events[0].Addr)
			}
		}
		if n == 0 {
			t.Errorf("%s: no address failed", file)
		}
	}
}

// eventsByAddress returns the events of a captured log.
func eventsByAddress(t *testing.T, file string) map[string][]policy.Event {
	t.Helper()
	stamps := NewStamper(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), time.UTC)
	var s Sessions
	events := map[string][]policy.Event{}
	for _, line := range readLines(t, file) {
		var ev policy.Event
		if Line(line, &ev) && s.Resolve(&ev) {
			ev.Time, _ = stamps.Stamp(line)
			events[ev.Addr.String()] = append(events[ev.Addr.String()], ev)
		}
	}
	return events
}

// mostTold returns how many failures the busiest witness tells, Postfix's
// summaries included. plain is false where something else changes the count: a
// login that worked, or a failure that is excused.
func mostTold(events []policy.Event) (most int, plain bool) {
	told := map[policy.Witness]int{}
	summed := 0
	for i := range events {
		switch ev := &events[i]; {
		case ev.Kind == policy.AuthOK || ev.Successes > 0 || ev.Excused > 0:
			return 0, false
		case ev.Kind == policy.AuthFail:
			told[ev.Witness] += ev.Failures
			most = max(most, told[ev.Witness])
		case ev.Kind == policy.Session:
			summed += ev.Failures
		}
	}
	return max(most, summed), true
}

// bans tells whether events lead to a ban at a threshold.
func bans(events []policy.Event, threshold int) bool {
	e := policy.New(policy.Config{
		Window: 24 * time.Hour, Threshold4: threshold, Threshold6: threshold, BanTime: time.Hour, BanTimeMax: time.Hour,
	}, events[0].Time)
	for i := range events {
		if len(e.Observe(&events[i], nil)) > 0 {
			return true
		}
	}
	return false
}
