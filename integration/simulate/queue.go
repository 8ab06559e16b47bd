package main

import "time"

// actor is whoever tries to log in again and again. act does what is due at at
// and returns when to come again; a time that is not later is never.
type actor interface {
	act(w *world, at time.Duration) time.Duration
}

// queue is a heap of actors by the time when each is due, and of equal times by
// the order in which they came. Only so is a run the same each time.
type queue struct{ due []appointment }

type appointment struct {
	at    time.Duration
	order int
	who   actor
}

func (q *queue) add(at time.Duration, who actor) {
	q.due = append(q.due, appointment{at, len(q.due), who})
	for i := len(q.due) - 1; i > 0 && q.before(i, (i-1)/2); i = (i - 1) / 2 {
		q.due[i], q.due[(i-1)/2] = q.due[(i-1)/2], q.due[i]
	}
}

func (q *queue) before(i, j int) bool {
	a, b := &q.due[i], &q.due[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

// run lets everybody act until until, or until nobody is left.
func (q *queue) run(w *world, until time.Duration) {
	for len(q.due) > 0 && q.due[0].at < until {
		first := &q.due[0]
		next := first.who.act(w, first.at)
		if next > first.at {
			first.at = next
		} else {
			last := len(q.due) - 1
			q.due[0] = q.due[last]
			q.due = q.due[:last]
		}
		q.sink()
	}
}

// sink restores the heap after its first place has changed.
func (q *queue) sink() {
	for i := 0; ; {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < len(q.due) && q.before(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		q.due[i], q.due[least] = q.due[least], q.due[i]
		i = least
	}
}
