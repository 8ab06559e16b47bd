package policy

import (
	"net/netip"
	"time"
)

// Offender is a prefix that was banned in an earlier run.
type Offender struct {
	Prefix    netip.Prefix
	Step      Step
	Rule      Rule      // of the last ban; empty is RuleAuthFail
	Bans      int       // how often so far
	At, Until time.Time // the last ban
}

// Restore makes known an offender of an earlier run: its next ban takes its
// rank from there, and as long as Until is to come it counts as banned, also
// towards its net. What was banned at all ports as well is told by another
// Offender, after that of its mail ports. The soft step is no ban, and it and a
// prefix that is neither a key nor a net are ignored.
func (e *Engine) Restore(o Offender) {
	k, of, ok := keyOfPrefix(plainPrefix(o.Prefix))
	if !ok || o.Bans <= 0 || o.Step == StepSoft {
		return
	}
	if o.Rule == "" {
		o.Rule = RuleAuthFail
	}
	at := e.clock.at(o.At)
	i := e.track(k, of, at, 0)
	r := e.records.at(i)
	r.rank = uint8(max(int(r.rank), min(o.Bans, e.highest)))
	ends := e.clock.at(o.Until.Add(time.Second - 1))
	r.flags &^= everywhere
	switch {
	case o.Step == StepAll:
		r.flags |= everywhere
		r.mark, ends = ends, max(ends, r.ends)
	case of == ofHost:
		r.mark = at
		if r.flags &^= early; o.Rule != RuleAuthFail {
			r.flags |= early
		}
	}
	r.ends = ends
	e.noteNet(r)
	e.touch(i)
	if of == ofHost && e.hostsOf(k) > 0 && r.ends > e.now {
		e.joinNet(i, at)
	}
}

// Hold says that prefix is banned until until by somebody else: by hand, or it
// was found in the kernel. Banned tells so; the Engine's own counts, bans and
// ranks go on beside it. The later of two ends counts.
func (e *Engine) Hold(prefix netip.Prefix, until time.Time) {
	p, ends := plainPrefix(prefix), e.clock.at(until.Add(time.Second-1))
	if !p.IsValid() {
		return
	}
	if before, held := e.holds.ends.Get(p); held {
		ends = max(before, ends)
	}
	e.holds.put(p, ends, e.now)
}

// Release says that all bans of prefix were lifted by hand at at. Its failures
// so far are forgotten, or the next would ban it again; its rank is kept.
func (e *Engine) Release(prefix netip.Prefix, at time.Time) {
	p := plainPrefix(prefix)
	if !p.IsValid() {
		return
	}
	e.holds.ends.Delete(p)
	k, of, ok := keyOfPrefix(p)
	if !ok {
		return
	}
	i := e.find(k, of)
	if i == 0 {
		return
	}
	r := e.records.at(i)
	if r.ends != never {
		r.ends = min(r.ends, e.clock.at(at))
	}
	r.flags &^= everywhere
	if of == ofHost {
		r.mark = never
		e.leaveNet(i)
		e.save(i, spend(e.load(r)))
		e.touch(i)
	}
}

// netStands tells whether the net of k is banned.
func (e *Engine) netStands(k key, at second) bool {
	return at < e.netsEnd && e.standing(e.find(k.net(), ofNet), at)
}

// heldNow tells whether somebody else banned a or a prefix around it.
func (e *Engine) heldNow(a netip.Addr, at second) bool {
	return e.holds.cover(a, at)
}

// standing tells whether record i is banned, where 0 is none.
func (e *Engine) standing(i uint32, at second) bool {
	if i == 0 {
		return false
	}
	r := e.records.at(i)
	return r.banned(at) && !e.doubtful(r, at)
}

// noteNet remembers when r's ban ends if r is a net.
func (e *Engine) noteNet(r *record) {
	if r.kind() == ofNet {
		e.netsEnd = max(e.netsEnd, r.ends)
	}
}

// doubtful tells whether r's ban lies so far ahead that the event which made
// it must have been stamped wrongly.
func (e *Engine) doubtful(r *record, at second) bool {
	longest := seconds(e.cfg.BanTimeMax) + e.window
	return r.ends.since(at) > longest
}

// Banned tells whether a is banned at at: itself, its net, or by somebody else.
// One that is exempt never is, whatever its net.
func (e *Engine) Banned(a netip.Addr, at time.Time) bool {
	a = plainAddr(a)
	if !a.IsValid() {
		return false
	}
	now := e.clock.at(at)
	if _, spared := e.spared(a, now); spared {
		return false
	}
	k := keyOf(a)
	return e.standing(e.find(k, ofHost), now) || e.netStands(k, now) || e.heldNow(a, now)
}
