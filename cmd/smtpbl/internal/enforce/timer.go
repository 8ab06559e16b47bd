package enforce

import "time"

const (
	// lookEvery is how often the Enforcer looks whether its table still stands
	// where nobody tells it, and how often it tries again to build it.
	lookEvery = time.Second
	// firstRetry is how soon it is tried again for the first time.
	firstRetry = 2 * time.Millisecond
	// expireEvery lets bans that end within it share one wake-up. The kernel
	// ends each on its own, at its time; only the books wait.
	expireEvery = time.Second
)

// hurry is when to try again what failed: soon at first, because bans may not be
// enforced meanwhile, and every second in the end.
func (e *Enforcer) hurry() time.Time {
	e.patience = min(max(2*e.patience, firstRetry), lookEvery)
	return time.Now().Add(e.patience)
}

// polls tells whether the table must be looked at every second: it could not be
// built, or others can change it and nothing tells what they do.
func (e *Enforcer) polls() bool {
	return e.Kernel != nil && (e.broken || !e.protected && e.lookout.isBlind())
}

// due is when something is to be done next without being told. An Enforcer that
// nobody calls sleeps until then.
func (e *Enforcer) due() time.Time {
	var due time.Time
	earlier := func(t time.Time) {
		if t.IsZero() {
			t = time.Unix(0, 0) // at once; a zero result means never
		}
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	for set := range e.ledger.sizes() {
		if r, ok := e.ledger.soonest(set); ok {
			earlier(r.Until.Add(expireEvery))
		}
	}
	if !e.nextPardon.IsZero() {
		earlier(e.nextPardon)
	}
	if !e.allowDue.IsZero() {
		earlier(e.allowDue)
	}
	if e.Kernel == nil {
		return due
	}
	earlier(e.roundDue)
	if e.round != nil {
		earlier(e.round.due)
	}
	if len(e.pending) > 0 {
		earlier(e.backoff.next)
	}
	if e.polls() {
		earlier(e.lookDue)
	}
	return due
}

// arm sets the timer to when the Enforcer must wake up.
func (e *Enforcer) arm(timer *time.Timer) {
	due := e.due()
	if due.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(time.Until(due))
}
