package policy

import (
	"slices"
	"time"
)

// pairWindow is how far apart in time two reports of one failure may be. A
// password database is heard at once, the mail server only when Dovecot
// answers: it delays that by 2 s, and by up to 15 s more for an address that
// keeps failing (AUTH_PENALTY_MAX_SECS, auth-penalty.h). Lines of different
// sources add the time that their readers are apart.
const pairWindow = 40 * time.Second

// fail takes a report of failures: each confirms an entry or is one.
func (e *Engine) fail(ev *Event, u user, x []entry, at second) []entry {
	f := entry{at: at, user: u, witness: ev.Witness}
	if f.witness == 0 {
		f.witness = WitnessMTA
	}
	if f.witness == WitnessMTA {
		f.session = foldSession(ev.Session)
	}
	if f.witness == WitnessPolicy {
		f.password = foldPassword(ev.Password)
	}
	i, failures := 0, min(max(ev.Failures, 1), e.cfg.kept())
	for n := range failures {
		if n == failures-ev.Unnamed && u != 0 { // those with the name have had their choice
			i, f.user, f.password = 0, 0, vague
		}
		if f.flags == 0 && e.known(x, &f) {
			f.flags = void
		}
		if i >= 0 { // else there is none for what follows either
			i = pair(x, &f, ev.Span)
		}
		if i >= 0 {
			confirm(&x[i], &f)
		} else {
			x = insert(x, entry{f.at, u, f.session, f.witness, f.password, f.flags})
		}
	}
	return x
}

// known tells whether f's user has failed with f's password before, and that
// counts.
func (e *Engine) known(x []entry, f *entry) bool {
	return f.password != 0 && slices.ContainsFunc(x, func(o entry) bool {
		return o.password == f.password && o.user.same(f.user) && o.flags&void == 0 && f.at.since(o.at) < e.window
	})
}

// pair returns the entry that f may be another report of, -1 for none: the
// oldest of the same user, else the oldest where a name is missing.
func pair(x []entry, f *entry, span time.Duration) int {
	found := -1
	for i := range x {
		o := &x[i]
		if !near(o, f.at, span) || o.flags&void != 0 && !o.repeats() || o.witness&f.witness != 0 || !o.told().may(f.user) {
			continue
		}
		if o.told().same(f.user) {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	return found
}

// near tells whether o may have been reported at at by another witness, who
// speaks of attempts up to span before.
func near(o *entry, at second, span time.Duration) bool {
	d := at.since(o.at)
	return d <= seconds(pairWindow)+seconds(max(span, 0)) && -d <= seconds(pairWindow)
}

// confirm adds what f tells to o. A name with a domain says more than one
// without, and any says more than none. Where f repeats a password, o does so
// too, and no longer counts.
func confirm(o, f *entry) {
	o.witness |= f.witness
	o.flags |= f.flags
	if o.told() == 0 && f.user != 0 || f.user&(1<<domainBits-1) != 0 {
		o.user = f.user
		if o.password == vague {
			o.password = 0
		}
	}
	if f.password != 0 && f.password != vague {
		o.password = f.password
	}
	if f.session != 0 {
		o.session = f.session
	}
}

// excuse notes n failures that the session's summary will count although they
// are none.
func (e *Engine) excuse(ev *Event, n int, x []entry, at second) []entry {
	f := entry{at: at, session: foldSession(ev.Session), witness: WitnessMTA, flags: void}
	for range min(n, e.cfg.kept()) {
		x = insert(x, f)
	}
	return x
}

// excuseAll notes all failures of a report as excused. Only the mail server's
// own are part of a summary.
func (e *Engine) excuseAll(ev *Event, x []entry, at second) []entry {
	if ev.Witness != 0 && ev.Witness&WitnessMTA == 0 {
		return x
	}
	return e.excuse(ev, max(ev.Failures, 1)+max(ev.Excused, 0), x, at)
}

// forgive drops the failures of a user whose login works, and up to a number those
// of which nobody knows whose they were: they may be guesses at others. Failures
// that only password databases reported a moment before were none: with several
// databases each miss is logged, whatever a later one says.
func (e *Engine) forgive(u user, k key, x []entry, at second) []entry {
	left := e.lenience(k)
	for i := range x {
		if f := &x[i]; f.flags&void != 0 && f.password == vague && at.since(f.at) < e.window {
			left--
		}
	}
	for i := range x {
		f := &x[i]
		unsure := f.told() == 0
		if f.flags&void != 0 || f.user != 0 && !f.user.same(u) || unsure && left <= 0 {
			continue
		}
		if d := at.since(f.at); f.authOnly() && 0 <= d && d <= seconds(chainTime) {
			e.unreliable |= f.witness
		}
		f.clear()
		if unsure {
			f.password = vague
			left--
		}
	}
	return slices.DeleteFunc(x, func(f entry) bool { return f.lost() })
}

// lenience is how many failures of nobody knows whom are forgiven in a window: as
// many as the users of an address may fail altogether, or else one less than ban.
func (e *Engine) lenience(k key) int { return max(e.cfg.KnownThreshold, e.threshold(k)-1) }

// chainTime is how soon a login works after a miss in an earlier database.
// Dovecot answers a real failure after 2 s (auth_failure_delay), so somebody
// who types the password again comes later.
const chainTime = time.Second
