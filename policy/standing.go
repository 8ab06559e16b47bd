package policy

import (
	"net/netip"
	"time"
)

// Standing is where an address stands on the ladder, for people to read and
// for the mail server to ask.
type Standing struct {
	// Prefix is what is counted: the address, or its /64.
	Prefix netip.Prefix
	// Step is the severest that holds, empty where none does; Until is its end.
	Step  Step
	Until time.Time
	// Failures count towards the next ban. First and Last are the times of the
	// first and last of them, zero where there is none.
	Failures    int
	First, Last time.Time
	// Known are those of the failures whose users logged in from there lately.
	Known int
	// Threshold is how many failures ban now, as things stand, without those of
	// known users; More is how many more of other users that takes.
	Threshold, More int
	// Bans is how many there were, without those that quiet time took back.
	Bans int
	// NextBan is how long the next one would be, without BanExtra.
	NextBan time.Duration
	// Refusal is why the address is never banned, empty where it may be.
	Refusal Refusal
	// Net is the /24 or /48, and NetBanned how many of it are banned;
	// NetThreshold is how many ban it, 0 for never.
	Net                     netip.Prefix
	NetBanned, NetThreshold int
}

// Standing tells where a stands at at. It changes nothing.
func (e *Engine) Standing(a netip.Addr, at time.Time) Standing {
	a = plainAddr(a)
	if !a.IsValid() {
		return Standing{}
	}
	now, k, of := e.clock.at(at), keyOf(a), ofHost
	s := Standing{Prefix: k.prefix(ofHost), Threshold: e.thresholdNow(k, now), Net: k.prefix(ofNet), NetThreshold: e.hostsOf(k)}
	if why, spared := e.spared(a, now); spared {
		s.Refusal, of = why, ofSpared
	}
	rank := 0
	s.More = s.Threshold
	if i := e.find(k, of); i != 0 {
		r := e.records.at(i)
		rank = e.rankOf(r, now)
		e.describe(&s, r, now)
	}
	s.Bans = rank
	s.NextBan = e.cfg.banTime(e.cfg.BanTime, min(rank+1, e.highest))
	e.describeNet(&s, k, now)
	return s
}

// describe fills in what is known of the address itself.
func (e *Engine) describe(s *Standing, r *record, now second) {
	x := e.load(r)
	t := e.count(x, now)
	s.Failures = t.n
	if e.cfg.KnownThreshold > e.threshold(r.key) {
		e.weigh(&sight{key: r.key, at: now}, x, now, &t)
		s.More = min(s.More, e.cfg.KnownThreshold-t.weighed+t.strange)
	}
	s.Known, s.More = t.n-t.strange, max(s.More-t.strange, 1)
	if t.n > 0 {
		s.First, s.Last = e.clock.time(t.first), e.clock.time(t.last)
	}
	switch {
	case r.kind() != ofHost:
	case r.banned(now) && !e.doubtful(r, now):
		s.Step, s.Until = StepHost, e.clock.time(r.ends)
		if r.shut(now) {
			s.Step = StepAll
		}
	case r.soft(now):
		s.Step, s.Until = StepSoft, e.clock.time(r.mark)
	}
}

// describeNet fills in what is known of the net.
func (e *Engine) describeNet(s *Standing, k key, now second) {
	i := e.find(k.net(), ofNet)
	if i == 0 {
		return
	}
	r := e.records.at(i)
	for h := r.first; h != 0; h = e.records.at(h).sibling {
		if e.records.at(h).banned(now) {
			s.NetBanned++
		}
	}
	if e.standing(i, now) && s.Refusal == "" && s.Step != StepAll {
		s.Step, s.Until = StepNet, e.clock.time(r.ends)
	}
}

// thresholdNow is how many failures ban k, whatever the account.
func (e *Engine) thresholdNow(k key, now second) int {
	net, most := uint64(k.net()), e.threshold(k)
	return min(lowered(most, e.cfg.NetAccounts, e.nets.met(net, now)), lowered(most, e.cfg.NetFailing, e.swarms.met(net, now)))
}

// Neighbour is one of the addresses of a net that are banned.
type Neighbour struct {
	Prefix netip.Prefix
	Bans   int
	Until  time.Time
}

// Neighbours returns up to most others of a's /24 or /48 that are banned.
func (e *Engine) Neighbours(a netip.Addr, at time.Time, most int) []Neighbour {
	a = plainAddr(a)
	if !a.IsValid() {
		return nil
	}
	now, k := e.clock.at(at), keyOf(a)
	i := e.find(k.net(), ofNet)
	if i == 0 {
		return nil
	}
	var out []Neighbour
	for h := e.records.at(i).first; h != 0 && len(out) < most; h = e.records.at(h).sibling {
		if r := e.records.at(h); r.key != k && r.banned(now) {
			out = append(out, Neighbour{r.key.prefix(ofHost), e.rankOf(r, now), e.clock.time(r.ends)})
		}
	}
	return out
}

// Paused tells whether failures are not counted at at, because our own
// authentication backend is failing, and since when.
func (e *Engine) Paused(at time.Time) (since time.Time, paused bool) {
	o := e.outage // which may go on otherwise when the next event comes
	o.judge(e.clock.at(at))
	if !o.paused {
		return time.Time{}, false
	}
	return e.clock.time(o.since), true
}

// Forgotten is how many addresses with failures inside the window had to make
// room for others.
func (e *Engine) Forgotten() uint64 { return e.forgotten }
