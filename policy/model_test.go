package policy

import (
	"math"
	"net/netip"
	"slices"
	"time"
)

// model says what the Engine must decide, in the plainest words: it keeps
// everything for ever in lists and looks through all of it each time.
type model struct {
	cfg    Config
	failed map[netip.Addr][]report
	bans   map[netip.Prefix][]span
	soft   map[netip.Addr]time.Time
	logins map[string][]meeting // by user: the sixteen addresses and nets where he logged in last
	byUser []meeting            // tries that count for the account
	byNet  []meeting            // tries that count for the net
	swarm  []meeting            // the same, with and without a name
	faults []meeting            // addresses that saw our backend fail, with the user in doubt
	works  []time.Time
	paused bool
	judged []moment
	seed   seed
	tables *spread // tells which things cannot be told apart

	forgiven map[netip.Addr][]time.Time // when failures were without a name that a login forgave
	kept     int                        // of them those that it did not

	reported   []time.Time // logins that the auth policy protocol told of
	misleading bool        // a password database reported a failure of a login that worked
}

type report struct {
	at       time.Time
	user     string
	by       Witness
	password uint32
	repeats  bool // a password that failed before, and so does not count
}

type span struct {
	from, until time.Time
	rank        int
	everywhere  time.Time // end of the ban of all ports
	led         int       // failures that count towards it
}

// moment is when it was judged whether counting is paused, and how.
type moment struct {
	at     time.Time
	paused bool
}

// meeting is that a user was seen at an address or a net.
type meeting struct {
	at   time.Time
	user string
	addr netip.Addr
}

func (m *model) banned(p netip.Prefix, at time.Time) bool {
	b := m.bans[p]
	return len(b) > 0 && b[len(b)-1].until.After(at)
}

// add bans p and returns the ban's rank and length.
func (m *model) add(p netip.Prefix, first time.Duration, at time.Time) (int, time.Duration) {
	rank := 0
	if b := m.bans[p]; len(b) > 0 {
		last := b[len(b)-1]
		rank = last.rank - int(at.Sub(last.until)/m.cfg.BanDecay)
	}
	rank = max(rank, 0) + 1
	shortest := min(m.cfg.BanTime, m.cfg.NetTime, m.cfg.AllPortsTime)
	doublings := math.Ceil(math.Log2(float64(m.cfg.BanTimeMax) / float64(shortest)))
	rank = min(rank, 1+int(doublings)) // beyond it no ban is longer
	length := m.length(p, first, rank)
	m.bans[p] = append(m.bans[p], span{from: at, until: at.Add(length), rank: rank})
	return rank, length
}

func (m *model) length(p netip.Prefix, first time.Duration, rank int) time.Duration {
	for range rank - 1 {
		first = min(2*first, m.cfg.BanTimeMax)
	}
	return m.cfg.spread(first, keyOf(p.Addr()), rank)
}

func (m *model) observe(ev *Event) []Decision {
	if ev.Witness == WitnessPolicy {
		m.reported = append(m.reported, ev.Time)
	}
	host, _ := ev.Addr.Prefix(32)
	net, _ := ev.Addr.Prefix(24)
	known := m.remember(ev, net)
	switch {
	case m.banned(net, ev.Time):
		return nil
	case m.banned(host, ev.Time):
		return m.goesOn(ev, host)
	case ev.Kind == AuthOK:
		m.forgive(ev)
		if n, _ := m.count(ev, nil); n < m.cfg.SoftThreshold4 {
			delete(m.soft, ev.Addr)
		}
		return nil
	case ev.Kind == BackendFault || m.paused:
		return nil
	}
	m.fail(ev)
	return m.judge(ev, host, net, known)
}

func (m *model) judge(ev *Event, host, net netip.Prefix, known bool) []Decision {
	n, over := m.count(ev, nil)
	strange, _ := m.count(ev, func(r report) bool { return !m.known(r.user, ev.Addr, ev.Time) })
	account, spray, swarm := m.cfg.Threshold4, m.cfg.Threshold4, m.cfg.Threshold4
	inNet := func(t meeting) (bool, uint64) { return net.Contains(t.addr), uint64(keyOf(t.addr)) }
	if !known {
		swarm = lowered(swarm, m.cfg.NetFailing, m.different(ev, m.swarm, inNet))
	}
	if !known && len(ev.User) > 0 {
		account = lowered(account, m.cfg.AccountNets, m.different(ev, m.byUser, func(t meeting) (bool, uint64) {
			return t.user == string(ev.User), uint64(keyOf(t.addr).net())
		}))
		spray = lowered(spray, m.cfg.NetAccounts, m.different(ev, m.byNet, func(t meeting) (bool, uint64) {
			return net.Contains(t.addr), nameOf([]byte(t.user), m.seed).account
		}))
	}
	d := Decision{
		Prefix: host, Step: StepHost, At: ev.Time, Failures: n, Over: over,
	}
	switch {
	case string(ev.User) == m.cfg.Honeypots[0] && n > 0:
		d.Rule = RuleHoneypot
	case strange >= m.cfg.Threshold4 || m.weighed(ev) >= m.cfg.KnownThreshold:
		d.Rule = RuleAuthFail
	case strange >= account && account < m.cfg.Threshold4:
		d.Rule = RuleAccount
	case strange >= spray && spray < m.cfg.Threshold4:
		d.Rule = RuleSpray
	case strange >= swarm && swarm < m.cfg.Threshold4:
		d.Rule = RuleSwarm
	default:
		return m.soften(&d, ev)
	}
	m.failed[ev.Addr], m.forgiven[ev.Addr] = nil, nil
	delete(m.soft, ev.Addr)
	first := m.cfg.BanTime
	if d.Rule == RuleAccount || d.Rule == RuleHoneypot {
		first = m.cfg.AccountTime
	}
	rank, length := m.add(host, first, ev.Time)
	ban := &m.bans[host][len(m.bans[host])-1]
	if ban.led = m.cfg.Threshold4; n < ban.led {
		ban.led = 1
	}
	d.Rank, d.Until = rank, ev.Time.Add(length)
	return append([]Decision{d}, m.neighbours(net, ev.Time)...)
}

// weighed counts no known user more often than a stranger may fail. In streams
// as short as ours nobody reaches ten times KnownThreshold.
func (m *model) weighed(ev *Event) int {
	sum := 0
	for _, u := range []string{"", "ann", "bob", "eve", "pot"} {
		n, _ := m.count(ev, func(r report) bool { return r.user == u })
		if m.known(u, ev.Addr, ev.Time) {
			n = min(n, m.cfg.Threshold4)
		}
		sum += n
	}
	return sum
}

func (m *model) soften(d *Decision, ev *Event) []Decision {
	if d.Failures < m.cfg.SoftThreshold4 {
		return nil
	}
	was := m.soft[ev.Addr].After(ev.Time)
	m.soft[ev.Addr] = ev.Time.Add(m.cfg.SoftTime)
	if was {
		return nil
	}
	d.Step, d.Rule, d.Until = StepSoft, RuleAuthFail, m.soft[ev.Addr]
	if b := m.bans[d.Prefix]; len(b) > 0 {
		last := b[len(b)-1]
		d.Rank = max(0, last.rank-int(ev.Time.Sub(last.until)/m.cfg.BanDecay))
	}
	return []Decision{*d}
}

// goesOn is about what comes in although its address is banned.
func (m *model) goesOn(ev *Event, host netip.Prefix) []Decision {
	b := m.bans[host]
	last := &b[len(b)-1]
	switch {
	case last.everywhere.After(ev.Time):
		return nil
	case ev.Kind == AuthOK:
		m.forgive(ev)
		return nil
	case ev.Kind == BackendFault || m.paused:
		return nil
	}
	m.fail(ev)
	n, over := m.count(ev, nil)
	if n += last.led; n < m.cfg.AllPorts4 {
		return nil
	}
	m.failed[ev.Addr], m.forgiven[ev.Addr] = nil, nil
	length := m.length(host, m.cfg.AllPortsTime, last.rank)
	last.everywhere = ev.Time.Add(length)
	if last.everywhere.After(last.until) {
		last.until = last.everywhere
	}
	return []Decision{{
		Prefix: host, Step: StepAll, Rule: RulePersist, At: ev.Time, Until: ev.Time.Add(length),
		Failures: n, Over: over, Rank: last.rank,
	}}
}

// count returns how many failures inside the window are such, and the time from
// the first to the last.
func (m *model) count(ev *Event, such func(report) bool) (n int, over time.Duration) {
	first, last := ev.Time, time.Time{}
	for _, r := range m.failed[ev.Addr] {
		if !r.repeats && !m.doubtful(r, ev.Time) && ev.Time.Sub(r.at) < m.cfg.Window && (such == nil || such(r)) {
			n++
			if r.at.Before(first) {
				first = r.at
			}
			if r.at.After(last) {
				last = r.at
			}
		}
	}
	return n, last.Sub(first)
}

// doubtful tells whether a report of a password database alone does not count:
// one has misled us, or the report that tells the password may still come.
func (m *model) doubtful(r report, at time.Time) bool {
	return r.by == WitnessAuth && (m.misleading || at.Sub(r.at) < reportDelay &&
		slices.ContainsFunc(m.reported, func(t time.Time) bool { return at.Sub(t) < reportsGo }))
}

func (m *model) neighbours(net netip.Prefix, at time.Time) []Decision {
	n := 0
	for p := range m.bans {
		if p.Bits() == 32 && net.Contains(p.Addr()) && m.banned(p, at) {
			n++
		}
	}
	if n < m.cfg.Net4Hosts {
		return nil
	}
	rank, length := m.add(net, m.cfg.NetTime, at)
	return []Decision{{Prefix: net, Step: StepNet, Rule: RuleNet, At: at, Until: at.Add(length), Failures: n, Rank: rank}}
}

func (m *model) forgive(ev *Event) {
	var left []report
	nameless := max(m.cfg.KnownThreshold, m.cfg.Threshold4-1)
	for _, at := range m.forgiven[ev.Addr] {
		if ev.Time.Sub(at) < m.cfg.Window {
			nameless--
		}
	}
	for _, r := range m.failed[ev.Addr] {
		if r.user == "" && !r.repeats {
			if nameless--; nameless < 0 {
				m.kept++
				left = append(left, r)
				continue
			}
			m.forgiven[ev.Addr] = append(m.forgiven[ev.Addr], r.at)
		}
		if r.repeats || r.user != "" && r.user != string(ev.User) {
			left = append(left, r)
			continue
		}
		m.misleading = m.misleading || r.by == WitnessAuth && ev.Time.Sub(r.at) <= chainTime
	}
	m.failed[ev.Addr] = left
}

// fail confirms a report of another witness, of the same user rather than
// without a name, or is a new one.
func (m *model) fail(ev *Event) {
	known, u, repeats := m.failed[ev.Addr], string(ev.User), m.repeats(ev)
	for _, named := range []bool{true, false} {
		for i := range known {
			r := &known[i]
			if ev.Time.Sub(r.at) > pairWindow || r.by&ev.Witness != 0 {
				continue
			}
			if named && u != "" && r.user == u || !named && (u == "" || r.user == "") {
				r.by |= ev.Witness
				r.repeats = r.repeats || repeats
				if r.user == "" {
					r.user = u
				}
				if ev.Password != 0 {
					r.password = ev.Password
				}
				return
			}
		}
	}
	m.failed[ev.Addr] = append(known, report{ev.Time, u, ev.Witness, ev.Password, repeats})
}

// repeats tells whether the user's same password has failed before.
func (m *model) repeats(ev *Event) bool {
	return ev.Password != 0 && len(ev.User) > 0 && slices.ContainsFunc(m.failed[ev.Addr], func(r report) bool {
		return !r.repeats && r.user == string(ev.User) && r.password == ev.Password && ev.Time.Sub(r.at) < m.cfg.Window
	})
}

// remember notes who was seen where, and tells whether the user of a failure is
// known in its net.
func (m *model) remember(ev *Event, net netip.Prefix) (known bool) {
	u := string(ev.User)
	if m.paused {
		m.pause(ev.Time)
	}
	switch ev.Kind {
	case AuthOK:
		m.works = append(m.works, ev.Time)
		m.swarm = slices.DeleteFunc(m.swarm, func(t meeting) bool {
			return net.Contains(t.addr) && m.tables.bit(uint64(keyOf(t.addr))) == m.tables.bit(uint64(keyOf(ev.Addr)))
		})
		if u == "" {
			break
		}
		m.login(u, ev.Addr, ev.Time)
		m.login(u, outside(net), ev.Time)
		// What cannot be told apart from it goes with it.
		m.byUser = slices.DeleteFunc(m.byUser, func(t meeting) bool {
			return t.user == u && m.tables.bit(uint64(keyOf(t.addr).net())) == m.tables.bit(uint64(keyOf(ev.Addr).net()))
		})
		m.byNet = slices.DeleteFunc(m.byNet, func(t meeting) bool {
			return net.Contains(t.addr) && m.tables.bit(nameOf([]byte(t.user), m.seed).account) == m.tables.bit(nameOf(ev.User, m.seed).account)
		})
	case AuthFail:
		if known = m.known(u, ev.Addr, ev.Time); known {
			m.faults = append(m.faults, meeting{ev.Time, u, ev.Addr})
		}
		known = known || m.known(u, outside(net), ev.Time)
		if !known && !m.paused {
			m.swarm = append(m.swarm, meeting{ev.Time, u, ev.Addr})
		}
		if !known && u != "" && !m.paused {
			m.byUser = append(m.byUser, meeting{ev.Time, u, ev.Addr})
			m.byNet = append(m.byNet, meeting{ev.Time, u, ev.Addr})
		}
	case BackendFault:
		m.faults = append(m.faults, meeting{ev.Time, "", ev.Addr})
	case Abuse, Session:
	}
	m.pause(ev.Time)
	return known
}

// outside stands for a net: no host has this address.
func outside(net netip.Prefix) netip.Addr {
	b := net.Addr().As4()
	b[3] = 255
	return netip.AddrFrom4(b)
}

func (m *model) login(u string, a netip.Addr, at time.Time) {
	places := m.logins[u]
	oldest := 0
	for i := range places {
		if places[i].addr == a {
			places[i].at = at
			return
		}
		if places[i].at.Before(places[oldest].at) {
			oldest = i
		}
	}
	if len(places) < pairWays {
		m.logins[u] = append(places, meeting{at, u, a})
		return
	}
	places[oldest] = meeting{at, u, a}
}

func (m *model) known(u string, a netip.Addr, at time.Time) bool {
	return slices.ContainsFunc(m.logins[u], func(l meeting) bool { return l.addr == a && at.Sub(l.at) < m.cfg.KnownFor })
}

// different estimates how many different things the tries of the last eight
// eighths of a window are about.
func (m *model) different(ev *Event, tries []meeting, of func(meeting) (bool, uint64)) int {
	eighth := m.cfg.Window / parts
	now := ev.Time.Sub(start) / eighth
	set := map[uint32]bool{}
	for _, t := range tries {
		if yes, thing := of(t); yes && now-t.at.Sub(start)/eighth < parts {
			set[m.tables.bit(thing)] = true
		}
	}
	return estimates[len(set)]
}

// pause looks at the faults of the last minute, in steps of ten seconds. A user
// in doubt counts once in each.
func (m *model) pause(at time.Time) {
	slot := func(t time.Time) time.Duration { return t.Sub(start) / (10 * time.Second) }
	recent := func(t time.Time) bool {
		return slot(t)*10*time.Second > at.Sub(start)-time.Minute
	}
	faults, works := 0, 0
	keys, doubts := map[uint64]bool{}, map[any]bool{}
	for _, f := range m.faults {
		id := [2]any{slot(f.at), bitOf(uint64(keyOf(f.addr)) + uint64(nameOf([]byte(f.user), m.seed).user)<<40)}
		if !recent(f.at) || f.user != "" && doubts[id] {
			continue
		}
		doubts[id] = doubts[id] || f.user != ""
		faults++
		keys[bitOf(uint64(keyOf(f.addr)))] = true
	}
	for _, w := range m.works {
		if recent(w) {
			works++
		}
	}
	if m.paused {
		m.paused = faults > works
	} else {
		m.paused = faults >= m.cfg.OutageFaults && faults > works && len(keys) >= fewestKeys
	}
	m.paused = m.paused && !m.worn(at)
	m.judged = append(m.judged, moment{at, m.paused})
}

// mostPaused is for how long the model is paused at most.
const mostPaused = 2 * time.Minute

// worn tells whether the pauses until at, of a minute each if nothing came,
// used up all there was, and not all of it has come back.
func (m *model) worn(at time.Time) (worn bool) {
	used := time.Duration(0)
	for i, o := range m.judged {
		next := at
		if i+1 < len(m.judged) {
			next = m.judged[i+1].at
		}
		counted, paused := next.Sub(o.at), time.Duration(0)
		if o.paused {
			paused = min(counted, time.Minute)
		}
		used = min(used+paused, mostPaused)
		worn = worn || used == mostPaused
		used = max(used-(counted-paused), 0)
		worn = worn && used > 0
	}
	return worn
}
