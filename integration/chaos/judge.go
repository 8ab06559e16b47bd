package main

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/integration/chaos/traffic"
)

// patience is how long an answer may take. Only then is a packet judged.
const patience = time.Second

// fault is one thing that was done to the service or its table.
type fault struct {
	step       int
	kind       *kind
	began      time.Duration // it happened between these two
	done       time.Duration
	outcome    outcome
	leaks      int           // packets that passed and should not have
	first      time.Duration // when the first of them was sent
	last       time.Duration // and the last
	firstHeard time.Duration // when the first was answered
}

// outcome is what became of the attempt.
type outcome int

const (
	dealt   outcome = iota
	refused         // by the kernel, because the table has an owner
	missed          // what was to be broken was not there just then
)

// open is how long packets were seen to pass.
func (f *fault) open() time.Duration {
	if f.leaks == 0 {
		return 0
	}
	return f.last - f.first
}

// happened is the latest moment at which the fault can have happened: its
// command had ended, or a packet had passed because of it.
func (f *fault) happened() time.Duration {
	if f.leaks > 0 {
		return min(f.done, f.firstHeard)
	}
	return f.done
}

// judge compares the packets with the truth.
type judge struct {
	grace      time.Duration
	strict     bool // no fault excuses anything: the table is protected
	faults     []*fault
	source     func(number int) *source
	judged     map[verdict]int
	violations []*violation
	// stalled tells for how long the machine stood still; stalls counts the
	// packets that came too late for no other reason.
	stalled func(from, to time.Duration) time.Duration
	stalls  int
}

// violation is a broken promise to one address.
type violation struct {
	addr        netip.Addr
	must        verdict
	sent, until time.Duration // the first and the last packet
	packets     int
	after       *fault // the latest before it; nil for none
	history     string
}

func (v *violation) String() string {
	what := "got no answer to"
	if v.must == dropped {
		what = "was answered"
	}
	when := "before any fault"
	if v.after != nil {
		when = fmt.Sprintf("%v after step %d (%s) began", (v.sent - v.after.began).Round(time.Microsecond), v.after.step, v.after.kind.name)
	}
	return fmt.Sprintf("%s must be %s and %s %d packets in %v from %v on, %s; %s", v.addr, v.must, what, v.packets,
		(v.until - v.sent).Round(time.Microsecond), v.sent.Round(time.Microsecond), when, v.history)
}

// take judges packets, in the order in which they were sent.
func (j *judge) take(probes []traffic.Probe) {
	for i := range probes {
		p := &probes[i]
		s := j.source(p.Source)
		must := s.timeline.at(p.Sent, j.grace)
		j.judged[must]++
		switch {
		case must == dropped && p.Answered > 0:
			j.leaked(p, s)
		case must == passes && p.Answered == 0 && !j.healing(p.Sent):
			j.violate(p, s, must)
		}
	}
}

// leaked blames the latest fault that can have opened the table, if it
// happened a short while ago.
func (j *judge) leaked(p *traffic.Probe, s *source) {
	f := j.latest(p.Answered, true)
	if f == nil || p.Sent > f.happenedBy(p)+j.grace {
		j.violate(p, s, dropped)
	}
	if f == nil {
		return
	}
	if f.leaks++; f.leaks == 1 {
		f.first, f.firstHeard = p.Sent, p.Answered
	}
	f.last = p.Sent
}

// happenedBy is happened where p shows what the fault did.
func (f *fault) happenedBy(p *traffic.Probe) time.Duration { return min(f.happened(), p.Answered) }

// healing tells whether a packet that was sent then can have been dropped by a
// table that somebody had just changed.
func (j *judge) healing(sent time.Duration) bool {
	f := j.latest(sent+j.grace, true)
	return f != nil && sent <= f.done+j.grace
}

// violate notes a broken promise; packets of the same address in a row make
// one. What is no later than the machine's own standstill is only counted.
func (j *judge) violate(p *traffic.Probe, s *source, must verdict) {
	due := j.due(p.Sent, s)
	if stood := j.stalled(due-j.grace, p.Sent); stood > 0 && stood >= p.Sent-due {
		j.stalls++
		return
	}
	if v := s.broken; v != nil && v.must == must && p.Sent-v.until < patience {
		v.packets, v.until = v.packets+1, p.Sent
		return
	}
	v := &violation{addr: s.addr, must: must, sent: p.Sent, until: p.Sent, packets: 1, history: s.history()}
	v.after = j.latest(p.Sent+j.grace, false)
	s.broken, j.violations = v, append(j.violations, v)
}

// worst is the violation that lasted longest; nil for none.
func (j *judge) worst() *violation {
	var worst *violation
	for _, v := range j.violations {
		if worst == nil || v.until-v.sent > worst.until-worst.sent {
			worst = v
		}
	}
	return worst
}

// due is since when the packets of a source must be what they must be.
func (j *judge) due(sent time.Duration, s *source) time.Duration {
	var due time.Duration
	for _, t := range s.timeline {
		if t.at <= sent {
			due = t.at
		}
	}
	if f := j.latest(sent, true); f != nil {
		due = max(due, f.happened()+j.grace)
	}
	return due
}

// latest returns the last fault that had begun by then; of those that can
// open the table, where only they are asked for.
func (j *judge) latest(by time.Duration, opens bool) *fault {
	for _, f := range slices.Backward(j.faults) {
		if f.began <= by && (!opens || !j.strict && f.kind.opens && f.outcome == dealt) {
			return f
		}
	}
	return nil
}
