package policy

import "slices"

// summary takes what a session reports at its end. Failures known from the
// mail server's own lines are subtracted; what remains confirms reports of
// others, and what still remains are failures that no line told.
func (e *Engine) summary(ev *Event, x []entry, at second) []entry {
	session := foldSession(ev.Session)
	left := min(max(ev.Failures, 0), e.cfg.kept())
	for i := range x {
		if f := &x[i]; f.witness&WitnessMTA != 0 && f.flags&closed == 0 && belongs(f, session, at, ev) {
			f.flags |= closed
			left = max(left-1, 0)
		}
	}
	for i := range x {
		f := &x[i]
		if left > 0 && f.flags&closed == 0 && (f.flags&void == 0 || f.repeats()) && f.witness&WitnessMTA == 0 && near(f, at, ev.Span) {
			f.witness |= WitnessMTA
			f.session = session
			f.flags |= closed
			left--
		}
	}
	x = e.contradict(ev, x, at)
	for range left {
		x = insert(x, entry{at: at, session: session, witness: WitnessMTA, flags: closed})
	}
	return x
}

// belongs tells whether f is of the session that ends at at. A summary that
// does not name its session is about failures of a moment ago.
func belongs(f *entry, session uint16, at second, ev *Event) bool {
	if session == 0 {
		return near(f, at, ev.Span)
	}
	return f.session == session && at.since(f.at) < seconds(sessionAge)
}

// contradict drops failures that only password databases reported, at most as
// many as logins of the session worked, and remembers those databases. Another
// session of the same address may lose such a report; its mail server's line
// then counts by itself.
func (e *Engine) contradict(ev *Event, x []entry, at second) []entry {
	works := ev.Successes
	return slices.DeleteFunc(x, func(f entry) bool {
		if works <= 0 || f.flags != 0 || !f.authOnly() || !near(&f, at, ev.Span) {
			return false
		}
		works--
		e.unreliable |= f.witness
		return true
	})
}
