package policy

import (
	"testing"
	"time"
)

// stumble lets the backend fail for three clients once in ten seconds, for so
// long, and tells for how long counting was paused.
func stumble(e *Engine, from time.Time, long time.Duration) (paused time.Duration) {
	const every = 10 * time.Second
	for at := from; at.Before(from.Add(long)); at = at.Add(every) {
		for n := range uint32(3) {
			e.Observe(&Event{Time: at, Addr: addr4(0xc0000201 + n), Kind: BackendFault}, nil)
		}
		if _, yes := e.Paused(at); yes {
			paused += every
		}
	}
	return paused
}

func outageEngine() *Engine {
	cfg := rungs
	cfg.OutageFaults, cfg.KnownThreshold, cfg.KnownFor = 10, 9, time.Hour
	return New(cfg, start)
}

// TestNobodyCanPauseCountingForever keeps the backend stumbling for days.
func TestNobodyCanPauseCountingForever(t *testing.T) {
	e := outageEngine()
	if got := stumble(e, start, 50*time.Minute); got < 45*time.Minute {
		t.Errorf("paused for %s in an outage of 50 minutes", got)
	}
	const days = 72 * time.Hour
	got := stumble(e, start.Add(time.Hour), days)
	if got > days/2+longestPause || got < days/3 {
		t.Errorf("paused for %s in an outage of %s", got, days)
	}
	play(t, e, "74h fail 198.51.100.1 n=4") // an hour and more later, and nothing came between
	if got := stumble(e, start.Add(75*time.Hour), 30*time.Minute); got < 25*time.Minute {
		t.Errorf("paused for %s in the next outage", got)
	}
}

// TestAPauseInWhichNothingHappensIsOver leaves a quiet night after a fault.
func TestAPauseInWhichNothingHappensIsOver(t *testing.T) {
	e := outageEngine()
	stumble(e, start, 2*time.Minute)
	if got := stumble(e, start.Add(9*time.Hour), 30*time.Minute); got < 25*time.Minute {
		t.Errorf("paused for %s in an outage after a quiet night", got)
	}
}

// TestALateLineDoesNotEndAPause has a source that is some seconds behind.
func TestALateLineDoesNotEndAPause(t *testing.T) {
	e := outageEngine()
	stumble(e, start.Add(10*time.Minute), 40*time.Second)
	play(t, e, "9m55s ok 192.0.2.9")
	if since, paused := e.Paused(offset(t, "10m41s")); !paused || since.After(offset(t, "10m31s")) {
		t.Errorf("paused %v since %s", paused, since)
	}
}

// TestAClientCannotPauseCounting has three addresses that bring faults about,
// as a client can with what its server does not take.
func TestAClientCannotPauseCounting(t *testing.T) {
	e := outageEngine()
	for n := range 60 {
		at := start.Add(time.Duration(n) * time.Second)
		out := e.Observe(&Event{
			Time: at, Addr: addr4(0xc0000201 + uint32(n%3)), Kind: BackendFault, Unproven: true, Excused: 1, Witness: WitnessMTA, Session: uint64(n%3 + 1),
		}, nil)
		if _, paused := e.Paused(at); paused || len(out) > 0 {
			t.Fatalf("after %d faults: paused %v, decided %v", n+1, paused, out)
		}
	}
	if got := play(t, e, "2m session 192.0.2.1 n=20 s=1"); got != nil {
		t.Errorf("the end of a connection of faults alone led to %q", got)
	}
}
