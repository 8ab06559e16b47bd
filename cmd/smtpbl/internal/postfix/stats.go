package postfix

import "sync/atomic"

// Result is what became of a question; a metric label.
type Result string

// The results.
const (
	Passed     Result = "passed"      // the client is no offender
	TurnedAway Result = "turned_away" // it is
	Malformed  Result = "malformed"   // no request of the protocol, or one that is too large
	Slow       Result = "slow"        // it did not arrive in time
	Late       Result = "late"        // the Engine did not answer in time
)

// Results lists every result, for metrics that start at zero.
var Results = []Result{Passed, TurnedAway, Malformed, Slow, Late}

// counters count the results.
type counters struct{ passed, turnedAway, malformed, slow, late atomic.Uint64 }

func (c *counters) of(r Result) *atomic.Uint64 {
	switch r {
	case TurnedAway:
		return &c.turnedAway
	case Malformed:
		return &c.malformed
	case Slow:
		return &c.slow
	case Late:
		return &c.late
	case Passed:
	}
	return &c.passed
}

// Count returns how many questions had a result. It may be called from
// anywhere.
func (s *Server) Count(r Result) uint64 { return s.counts.of(r).Load() }

// Asked returns how many questions there were.
func (s *Server) Asked() uint64 {
	var n uint64
	for _, r := range Results {
		n += s.Count(r)
	}
	return n
}
