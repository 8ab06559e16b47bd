package policy

import (
	"math/rand/v2"
	"time"

	"github.com/gaissmai/bart"
)

// Engine makes decisions of events. It belongs to one goroutine.
type Engine struct {
	cfg     Config
	window  int64 // seconds of cfg.Window
	decay   int64 // seconds of cfg.BanDecay
	highest int   // rank
	clock   clock
	now     second // the time of the latest call

	index     [kinds]index
	records   slab[record]
	chunks    slab[chunk]
	harmless  [classes]list
	offenders list
	turn      uint8 // of sweep
	scratch   []entry
	forgotten uint64
	drawn     uint64 // of weakest

	accounts  spread // the nets that failed at each account
	nets      spread // the accounts that each net failed at
	swarms    spread // the addresses of each net that failed
	logins    pairs  // who logged in from where
	honeypots honeypots
	outage    outage
	secret    uint64
	seed      seed // of names

	exempt  *bart.Table[Refusal]
	pardons endings
	holds   endings // the bans of others
	netsEnd second  // when the last ban of a net ends
	// unreliable are the password databases that were seen to report a
	// failure of a login that worked.
	unreliable Witness
	// reported is when Dovecot's auth policy protocol last told of a login.
	reported second
	// fetched keeps the compiler from leaving out loads that only warm the cache.
	fetched uint32
}

// New makes an Engine. Times are measured from start: with the monotonic
// clock where start and the event's time have its reading, so that stepping
// the wall clock neither bans nor unbans. With a zero start, the first time
// that the Engine is told takes its place.
func New(cfg Config, start time.Time) *Engine {
	e := &Engine{
		cfg: cfg.sane(), netsEnd: never, reported: never, secret: cfg.Secret,
	}
	if e.secret == 0 {
		e.secret = rand.Uint64()
	}
	e.window, e.decay, e.highest = seconds(e.cfg.Window), seconds(e.cfg.BanDecay), e.cfg.highest()
	e.clock = newClock(start, slotLength*max(1, e.window/parts))
	for i := range e.index {
		e.index[i] = newIndex()
	}
	// Room for what is kept and for what one event can add twice over.
	e.scratch = make([]entry, 0, 3*e.cfg.kept())
	e.honeypots = newHoneypots(e.cfg.Honeypots)
	e.outage.least, e.outage.most, e.outage.now = e.cfg.OutageFaults, seconds(longestPause), never
	e.remember()
	e.SetExempt(nil)
	return e
}

// remember makes the tables of accounts, nets and logins, empty, by the secret.
func (e *Engine) remember() {
	e.seed = seedOf(e.secret)
	e.accounts = newSpread(e.cfg.subjects(e.cfg.AccountNets), e.window, e.secret)
	e.nets = newSpread(e.cfg.subjects(e.cfg.NetAccounts), e.window, e.secret)
	e.swarms = newSpread(e.cfg.subjects(e.cfg.NetFailing), e.window, e.secret)
	e.logins = newPairs(e.cfg.logins(), seconds(e.cfg.KnownFor), e.secret)
}

// Tracked is how many addresses and /64s have failures or bans in memory.
func (e *Engine) Tracked() int { return e.index[ofHost].used }

// Observe takes one event and appends the decisions that it leads to. It
// keeps nothing that ev points to.
func (e *Engine) Observe(ev *Event, out []Decision) []Decision {
	return e.observe(ev, nameOf(ev.User, e.seed), out)
}

// observe is Observe with the name made of ev.User.
func (e *Engine) observe(ev *Event, n name, out []Decision) []Decision {
	a := plainAddr(ev.Addr)
	if !a.IsValid() || a.IsMulticast() || a.IsUnspecified() {
		return out // no connection comes from there
	}
	at := e.clock.at(ev.Time)
	e.now = at
	e.sweep()
	why, spared := e.spared(a, at)
	of := ofHost
	if spared {
		of = ofSpared
	}
	c := sight{ev: ev, at: at, key: keyOf(a), name: n}
	e.learn(&c, spared)
	i := e.find(c.key, of)
	if i == 0 && !e.tracks(ev) || !spared && e.netStands(c.key, at) {
		return out
	}
	if e.standing(i, at) {
		return e.goesOn(i, &c, out)
	}
	if i == 0 {
		i = e.track(c.key, of, at, 0)
	}
	r := e.records.at(i)
	x := e.take(&c, e.current(r, at))
	e.save(i, x)
	e.touch(i)
	v := e.judge(&c, r, x)
	switch {
	case !v.bans:
		return e.turnAway(r, &c, &v, out)
	case spared:
		e.save(i, spend(x))
		e.touch(i)
		return e.spare(r, ev, &v, why, out)
	}
	e.save(i, spend(x))
	return e.ban(i, &c, &v, out)
}

// sight is an event with what was found out about it.
type sight struct {
	ev   *Event
	at   second
	key  key
	name name
	// known: the user logged in from this address lately; near: or from its net.
	known, near bool
	// accountNets is how many nets failed at the account, netAccounts at how many
	// accounts the net failed, and netFailing how many addresses of it did.
	accountNets, netAccounts, netFailing int
}

// learn notes what an event says about more than its address.
func (e *Engine) learn(c *sight, spared bool) {
	if e.outage.paused {
		e.outage.judge(c.at) // it may be long ago
	}
	if c.ev.Witness == WitnessPolicy {
		e.reported = c.at
	}
	switch c.ev.Kind {
	case AuthOK:
		e.outage.work(c.at)
		e.welcome(c)
	case Session:
		if c.ev.Successes > 0 {
			e.outage.work(c.at)
		}
	case BackendFault:
		if !c.ev.Unproven {
			e.outage.fault(c.key, c.at)
		}
	case AuthFail:
		e.suspect(c, spared)
	case Abuse:
	}
	e.outage.judge(c.at)
}

// welcome remembers a login that worked.
func (e *Engine) welcome(c *sight) {
	net := uint64(c.key.net())
	if e.cfg.NetFailing > 0 {
		e.swarms.part(net, uint64(c.key))
	}
	if c.name.user == 0 {
		return
	}
	if e.cfg.KnownThreshold > 0 {
		e.logins.add(c.key, c.name.user, c.at)
		e.logins.add(c.key.vicinity(), c.name.user, c.at)
	}
	if e.cfg.AccountNets > 0 {
		e.accounts.part(c.name.account, net)
	}
	if e.cfg.NetAccounts > 0 {
		e.nets.part(net, c.name.account)
	}
}

// suspect remembers a login that failed, unless its user is known there.
func (e *Engine) suspect(c *sight, spared bool) {
	if e.cfg.KnownThreshold > 0 {
		c.known = e.logins.known(c.key, c.name.user, c.at)
		c.near = c.known || e.logins.known(c.key.vicinity(), c.name.user, c.at)
	}
	if c.known {
		e.outage.doubt(c.key, c.name.user, c.at)
	}
	if c.near || spared || e.outage.paused {
		return
	}
	net := uint64(c.key.net())
	if e.cfg.NetFailing > 0 {
		c.netFailing = e.swarms.meet(net, uint64(c.key), c.at)
	}
	if c.name.user == 0 {
		return
	}
	if e.cfg.AccountNets > 0 {
		c.accountNets = e.accounts.meet(c.name.account, net, c.at)
	}
	if e.cfg.NetAccounts > 0 {
		c.netAccounts = e.nets.meet(net, c.name.account, c.at)
	}
}

// tracks tells whether ev is worth a new record.
func (e *Engine) tracks(ev *Event) bool {
	return e.charges(ev) || ev.Excused > 0 || ev.Kind == AuthFail // which is excused in an outage
}

// charges tells whether ev can bring failures.
func (e *Engine) charges(ev *Event) bool {
	return (ev.Kind == AuthFail || ev.Kind == Session && ev.Failures > 0) && !e.outage.paused ||
		ev.Kind == Abuse && e.cfg.CountAbuse
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

// take applies an event to the entries x of its key.
func (e *Engine) take(c *sight, x []entry) []entry {
	ev := c.ev
	switch ev.Kind {
	case AuthFail:
		if e.outage.paused {
			return e.excuseAll(ev, x, c.at)
		}
		x = e.fail(ev, c.name.user, x, c.at)
	case AuthOK:
		return e.forgive(c.name.user, c.key, x, c.at)
	case Session:
		if e.outage.paused {
			quiet := *ev
			quiet.Failures = 0
			return e.summary(&quiet, x, c.at)
		}
		return e.summary(ev, x, c.at)
	case Abuse:
		if e.cfg.CountAbuse {
			x = insert(x, entry{at: c.at, witness: ofAbuse, flags: closed})
		}
	case BackendFault:
	}
	return e.excuse(ev, max(ev.Excused, 0), x, c.at)
}

// ban bans record i and, where it is one host too many, its net.
func (e *Engine) ban(i uint32, c *sight, v *verdict, out []Decision) []Decision {
	r := e.records.at(i)
	rank, length := e.climb(r, StepHost, v.rule, c.at)
	r.mark = never
	if r.flags &^= early; v.n < e.threshold(r.key) {
		r.flags |= early
	}
	e.touch(i)
	out = append(out, v.decision(r, c.ev, StepHost, length, rank))
	return e.banNet(i, c.ev.Time, c.at, out)
}

// goesOn takes an event of record i, which is banned: it came in at a port
// that the ban does not close, or was on its way.
func (e *Engine) goesOn(i uint32, c *sight, out []Decision) []Decision {
	r := e.records.at(i)
	most := e.allPorts(r.key)
	if r.kind() != ofHost || r.shut(c.at) || most == 0 {
		return out
	}
	if r.flags&everywhere == 0 && r.mark != never && c.at <= r.mark {
		return out // read again after a crash: the ban came of it
	}
	x := e.take(c, e.current(r, c.at))
	e.save(i, x)
	v := e.judge(c, r, x)
	if v.n += e.led(r); v.n < most || !e.charges(c.ev) {
		return out
	}
	e.save(i, spend(x))
	v.rule = RulePersist
	rank, length := e.climb(r, StepAll, v.rule, c.at)
	return append(out, v.decision(r, c.ev, StepAll, length, rank))
}

// led is how many failures led to r's ban, as far as is known: no more than that.
func (e *Engine) led(r *record) int {
	if r.flags&early != 0 {
		return 1
	}
	return e.threshold(r.key)
}

// turnAway puts record r on the soft step, or takes it from there when a login
// that works leaves too few failures.
func (e *Engine) turnAway(r *record, c *sight, v *verdict, out []Decision) []Decision {
	if r.kind() != ofHost {
		return out
	}
	if c.ev.Kind == AuthOK && v.n < e.softThreshold(r.key) {
		r.mark = never
	}
	if !e.charges(c.ev) || !e.soften(r, v.n, c.at) {
		return out
	}
	v.rule = RuleAuthFail
	length := time.Duration(r.mark.since(c.at)) * time.Second
	return append(out, v.decision(r, c.ev, StepSoft, length, e.rankOf(r, c.at)))
}

// spare says that an exempt address would have been banned, once a Window.
func (e *Engine) spare(r *record, ev *Event, v *verdict, why Refusal, out []Decision) []Decision {
	if r.mark != never && v.at.since(r.mark) < e.window {
		return out
	}
	r.mark = v.at
	d := v.decision(r, ev, StepHost, e.cfg.BanTime, 1)
	d.Refusal = why
	return append(out, d)
}
