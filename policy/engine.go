package policy

import (
	"time"

	"github.com/gaissmai/bart"
)

// Engine makes decisions of events. It belongs to one goroutine.
type Engine struct {
	cfg    Config
	window int64 // seconds of cfg.Window
	clock  clock
	now    second // the time of the latest call

	index               [kinds]index
	records             slab[record]
	chunks              slab[chunk]
	harmless, offenders list
	scratch             []entry

	exempt     *bart.Table[Refusal]
	holds      *bart.Table[second] // ends of the bans of others
	holdsLimit int
	netsEnd    second // when the last ban of a net ends
	// unreliable are the password databases that were seen to report a
	// failure of a login that worked.
	unreliable Witness
	// fetched keeps the compiler from leaving out loads that only warm the cache.
	fetched uint32
}

// New makes an Engine. Times are measured from start: with the monotonic
// clock where start and the event's time have its reading, so that stepping
// the wall clock neither bans nor unbans. With a zero start, the first time
// that the Engine is told takes its place.
func New(cfg Config, start time.Time) *Engine {
	e := &Engine{cfg: cfg.sane(), clock: clock{start}, holds: &bart.Table[second]{}, holdsLimit: minHoldsLimit, netsEnd: never}
	e.window = seconds(e.cfg.Window)
	for i := range e.index {
		e.index[i] = newIndex()
	}
	// Room for what is kept and for what one event can add twice over.
	e.scratch = make([]entry, 0, 3*e.cfg.kept())
	e.SetExempt(nil)
	return e
}

// Tracked is how many addresses and /64s have failures or bans in memory.
func (e *Engine) Tracked() int { return e.index[ofHost].used }

// Observe takes one event and appends the decisions that it leads to. It
// keeps nothing that ev points to.
func (e *Engine) Observe(ev *Event, out []Decision) []Decision {
	a := plainAddr(ev.Addr)
	if !a.IsValid() || a.IsMulticast() || a.IsUnspecified() {
		return out // no connection comes from there
	}
	at := e.clock.at(ev.Time)
	e.now = at
	e.sweep()
	why, spared := e.Exempt(a)
	of := ofHost
	if spared {
		of = ofSpared
	}
	k := keyOf(a)
	i := e.find(k, of)
	if i == 0 && !e.tracks(ev) || e.standing(i, at) || !spared && e.netStands(k, at) {
		return out
	}
	if i != 0 {
		e.touch(i)
	} else {
		i = e.track(k, of, at, 0)
	}
	r := e.records.at(i)
	x := e.take(ev, e.current(r, at), at)
	e.save(i, x)
	n, over := e.count(x, r.newest)
	if !e.charges(ev) || n < e.threshold(k) {
		return out
	}
	d := decided{at, n, e.abuses(x), over, why}
	e.save(i, spend(x))
	if spared {
		return e.spare(r, ev, d, out)
	}
	return e.ban(i, ev, d, out)
}

// decided is what a count led to.
type decided struct {
	at       second
	failures int
	abuses   int   // of the failures, those that are no failed login
	over     int64 // seconds
	why      Refusal
}

// tracks tells whether ev is worth a new record.
func (e *Engine) tracks(ev *Event) bool { return e.charges(ev) || ev.Excused > 0 }

// charges tells whether ev can bring failures.
func (e *Engine) charges(ev *Event) bool {
	return ev.Kind == AuthFail || ev.Kind == Session && ev.Failures > 0 || ev.Kind == Abuse && e.cfg.CountAbuse
}

// current returns r's entries as they are at at, where the newest event's
// time was taken back if it proves wrong.
func (e *Engine) current(r *record, at second) []entry {
	e.forget(r, at)
	x := e.load(r)
	if r.newest.since(at) > e.window {
		r.newest, x = at, x[:0]
	}
	r.newest = max(r.newest, at)
	return e.prune(x, r.newest)
}

// take applies ev to the entries x of its key.
func (e *Engine) take(ev *Event, x []entry, at second) []entry {
	switch ev.Kind {
	case AuthFail:
		x = e.fail(ev, x, at)
	case AuthOK:
		return e.forgive(ev, x, at)
	case Session:
		return e.summary(ev, x, at)
	case Abuse:
		if e.cfg.CountAbuse {
			x = insert(x, entry{at: at, witness: ofAbuse, flags: closed})
		}
	case BackendFault:
	}
	return e.excuse(ev, x, at)
}

func (e *Engine) threshold(k key) int {
	if k.is4() {
		return e.cfg.Threshold4
	}
	return e.cfg.Threshold6
}

// ban bans record i and, where it is one host too many, its net.
func (e *Engine) ban(i uint32, ev *Event, d decided, out []Decision) []Decision {
	r := e.records.at(i)
	k := r.key
	rank, length := e.climb(r, d.at)
	e.touch(i)
	out = append(out, Decision{
		Prefix: k.prefix(ofHost), Step: StepHost, Rule: RuleAuthFail,
		At: ev.Time, Until: ev.Time.Add(length),
		Failures: d.failures, Abuses: d.abuses, Over: time.Duration(d.over) * time.Second, Rank: rank,
	})
	return e.banNet(i, ev.Time, d.at, out)
}

// spare says that an exempt address would have been banned, once a Window.
func (e *Engine) spare(r *record, ev *Event, d decided, out []Decision) []Decision {
	if r.refused != never && d.at.since(r.refused) < e.window {
		return out
	}
	r.refused = d.at
	a := plainAddr(ev.Addr)
	p, _ := a.Prefix(bitsOf(a.Is4(), ofHost)) // the bits fit the address
	return append(out, Decision{
		Prefix: p, Step: StepHost, Rule: RuleAuthFail, Refusal: d.why,
		At: ev.Time, Until: ev.Time.Add(e.cfg.BanTime),
		Failures: d.failures, Abuses: d.abuses, Over: time.Duration(d.over) * time.Second, Rank: 1,
	})
}
