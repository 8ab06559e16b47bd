package policy

import "time"

// verdict is what the entries of a key amount to.
type verdict struct {
	bans bool
	rule Rule
	at   second
	tally
	abuses int // of the failures, those that are no failed login
}

// over is the time between the first and the last failure that counts.
func (v *verdict) over() time.Duration {
	if v.n == 0 {
		return 0
	}
	return time.Duration(v.last.since(v.first)) * time.Second
}

// decision is what v leads to for r at the time of ev.
func (v *verdict) decision(r *record, ev *Event, s Step, length time.Duration, rank int) Decision {
	return Decision{
		Prefix: r.key.prefix(ofHost), Step: s, Rule: v.rule,
		At: ev.Time, Until: ev.Time.Add(length),
		Failures: v.n, Abuses: v.abuses, Over: v.over(), Rank: rank,
	}
}

// judge says what the entries x of r amount to now.
func (e *Engine) judge(c *sight, r *record, x []entry) verdict {
	v := verdict{at: c.at, rule: RuleAuthFail, tally: e.count(x, r.newest)}
	if !e.charges(c.ev) {
		return v
	}
	v.rule, v.bans = e.rule(c, &v.tally, x, r.newest)
	if v.bans {
		v.abuses = e.abuses(x)
	}
	return v
}

// rule returns the rule by which the failures so far ban, and whether one does.
func (e *Engine) rule(c *sight, t *tally, x []entry, newest second) (Rule, bool) {
	most := e.threshold(c.key)
	ofAccount := lowered(most, e.cfg.AccountNets, c.accountNets)
	ofNet := lowered(most, e.cfg.NetAccounts, c.netAccounts)
	ofSwarm := lowered(most, e.cfg.NetFailing, c.netFailing)
	known := e.cfg.KnownThreshold
	if known > most && t.n >= min(most, ofAccount, ofNet, ofSwarm) {
		e.weigh(c, x, newest, t)
	}
	switch {
	case c.ev.Kind == AuthFail && e.honeypots.has(c.ev.User):
		return RuleHoneypot, t.n > 0
	case t.strange >= most, known > most && (t.weighed >= known || t.persistent >= e.cfg.patience()):
		return RuleAuthFail, true
	case t.strange >= ofAccount && ofAccount < most:
		return RuleAccount, true
	case t.strange >= ofNet && ofNet < most:
		return RuleSpray, true
	case t.strange >= ofSwarm && ofSwarm < most:
		return RuleSwarm, true
	}
	return RuleAuthFail, false
}

// lowered is how many failures ban where so many things met what is limited to
// limit: as many fewer as there are more of them. 0 is no limit.
func lowered(threshold, limit, met int) int {
	if limit == 0 || met <= limit {
		return threshold
	}
	return max((threshold*limit+met-1)/met, 1)
}

// persistence is how many times KnownThreshold one known user alone may fail: a
// phone with an old password tries every few minutes, and has no other user's
// account in its hands.
const persistence = 10

// patience is how often one known user alone may fail.
func (c *Config) patience() int { return min(c.KnownThreshold*persistence, maxKept-minKept) }

// mostUsers bounds the users of an address that are told apart.
const mostUsers = 16

// weigh tells the failures of users who logged in from this address lately from
// those of strangers.
func (e *Engine) weigh(c *sight, x []entry, newest second, t *tally) {
	var users [mostUsers]struct {
		user  user
		n     int
		known bool
	}
	used, most := 0, e.threshold(c.key)
	t.strange, t.weighed = 0, 0
	for i := range x {
		f := &x[i]
		if !e.counts(f) || newest.since(f.at) >= e.window || e.awaits(f, newest) {
			continue
		}
		j := 0
		for j < used && users[j].user != f.user && !users[j].user.same(f.user) {
			j++
		}
		if j == used {
			if used == mostUsers { // so many are no household
				t.strange++
				t.weighed++
				continue
			}
			users[j].user, users[j].known = f.user, e.logins.known(c.key, f.user, c.at)
			used++
		}
		u := &users[j]
		if u.known && f.password == vague { // perhaps his, perhaps a guess at another
			t.weighed++
			continue
		}
		u.n++
		if !u.known {
			t.strange++
		}
		if !u.known || u.n <= most {
			t.weighed++
		}
		if u.known {
			t.persistent = max(t.persistent, u.n)
		}
	}
}

func (e *Engine) threshold(k key) int {
	if k.is4() {
		return e.cfg.Threshold4
	}
	return e.cfg.Threshold6
}
