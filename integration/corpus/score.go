package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/smtpbl/smtpbl/policy"
)

// everyServer stands for all of them in the sums.
const everyServer = "all"

// A group is one event of one server.
type group struct{ service, event string }

// order is by what groups are sorted, the sums last.
func (g group) order() []string {
	part := "1"
	if g.service == everyServer {
		part = "2"
	}
	return []string{part, g.service, g.event}
}

// A tally is how well one group is recognised.
type tally struct {
	labelled, found int
	// misplaced are those found with another address.
	misplaced int
	// claimed is how often smtpbl says this event of lines of the server.
	claimed int
}

// A score is the result over lines of one kind.
type score struct {
	of      string
	tallies map[group]*tally
	// clientless are lines that are labelled as an event but name no client.
	clientless int
	// disputed counts the lines left out, by reason.
	disputed map[string]int
	faults   []fault
	// given are the sums by event with the disputed labels as they stand.
	given map[string]*tally
	// counted are the lines held to be none, by what smtpbl says of them.
	counted map[string]int
}

// A fault is a line of which smtpbl says something else than its label.
type fault struct {
	what string
	line *labelled
	verdict
}

// What can be wrong, the worst first.
const (
	falseAddress = "false address"
	falseCount   = "counted"
	missed       = "missed"
)

var faults = []string{falseAddress, falseCount, missed}

func newScore(of string) *score {
	s := &score{of: of, tallies: map[group]*tally{}, disputed: map[string]int{}, given: map[string]*tally{}, counted: map[string]int{}}
	for _, event := range events {
		s.given[event] = &tally{}
	}
	return s
}

// events are those that a line can be labelled with, but none.
var events = []string{policy.AuthFail.String(), policy.AuthOK.String(), policy.Abuse.String()}

// both are the tallies of the server and of all servers.
func (s *score) both(service, event string) [2]*tally {
	var both [2]*tally
	for i, name := range [2]string{service, everyServer} {
		g := group{name, event}
		if s.tallies[g] == nil {
			s.tallies[g] = &tally{}
		}
		both[i] = s.tallies[g]
	}
	return both
}

// add scores one line.
func (s *score) add(l *labelled, v verdict, disputed map[string]string) {
	want := l.Event
	if want != none && !l.addr().IsValid() {
		want = none
	}
	what := compare(want, l, v)
	s.addGiven(want, what, v)
	if why := disputed[l.hash()]; why != "" {
		s.disputed[why]++
		return
	}
	if want != l.Event {
		s.clientless++
	}
	for _, t := range s.both(l.Service, v.event) {
		t.claimed++
	}
	for _, t := range s.both(l.Service, want) {
		t.labelled++
		switch what {
		case "":
			t.found++
		case falseAddress:
			t.misplaced++
		}
	}
	if what != "" {
		s.faults = append(s.faults, fault{what, l, v})
	}
}

// addGiven scores one line whose label may be disputed.
func (s *score) addGiven(want, what string, v verdict) {
	if t := s.given[v.event]; t != nil {
		t.claimed++
	}
	if t := s.given[want]; t != nil {
		t.labelled++
		if what == "" {
			t.found++
		}
	}
	if want == none && v.event != none {
		s.counted[v.event]++
	}
}

// compare says what is wrong with a verdict, "" if nothing is.
func compare(want string, l *labelled, v verdict) string {
	switch {
	case v.event != none && v.event != want:
		return falseCount
	case v.event != want:
		return missed
	case want != none && v.addr != l.addr():
		return falseAddress
	}
	return ""
}

// groups lists what was met, by server and event, the sums last.
func (s *score) groups() []group {
	return slices.SortedFunc(maps.Keys(s.tallies), func(a, b group) int { return slices.Compare(a.order(), b.order()) })
}

// worstFirst sorts the faults: by what is wrong, then by the label's event,
// of which abuse comes last.
func (s *score) worstFirst() []fault {
	rank := func(f fault) int {
		n := 2 * slices.Index(faults, f.what)
		if f.line.Event == "abuse" {
			n++
		}
		return n
	}
	return slices.SortedStableFunc(slices.Values(s.faults), func(a, b fault) int { return rank(a) - rank(b) })
}

// String is what -v prints.
func (f fault) String() string {
	return fmt.Sprintf("%s %s: %s, held to be %s, not %s\n\t%s\n\t%s (%s)", f.line.hash(), f.what, f.line.Service,
		verdict{f.line.Event, f.line.addr()}, f.verdict, f.line.Line, f.line.Source, f.line.Note)
}

// String names the event and, where there is one, its client.
func (v verdict) String() string {
	if !v.addr.IsValid() {
		return v.event
	}
	return v.event + " of " + v.addr.String()
}
