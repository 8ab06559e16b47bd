package policy

import "time"

// hostsOf is how many banned keys ban the net of k, 0 for never.
func (e *Engine) hostsOf(k key) int {
	if k.is4() {
		return e.cfg.Net4Hosts
	}
	return e.cfg.Net6Hosts
}

// banNet counts record i, which is banned now, towards its net, and bans that
// when it is one too many.
func (e *Engine) banNet(i uint32, t time.Time, at second, out []Decision) []Decision {
	k := e.records.at(i).key
	if e.hostsOf(k) <= 0 {
		return out
	}
	n := e.joinNet(i, at)
	r := e.records.at(n)
	if r.banned(at) || int(r.n) < e.hostsOf(k) {
		return out
	}
	if e.dismiss(r, at); int(r.n) < e.hostsOf(k) {
		return out
	}
	rank, length := e.climb(r, StepNet, RuleNet, at)
	e.touch(n)
	return append(out, Decision{
		Prefix: r.key.prefix(ofNet), Step: StepNet, Rule: RuleNet,
		At: t, Until: t.Add(length), Failures: int(r.n), Rank: rank,
	})
}

// joinNet puts record i into its net's list and returns the net's record.
func (e *Engine) joinNet(i uint32, at second) uint32 {
	n := e.track(e.records.at(i).key.net(), ofNet, at, i)
	host, net := e.records.at(i), e.records.at(n)
	net.newest = max(net.newest, at)
	if host.flags&member == 0 && net.n < maxKept {
		host.flags |= member
		host.sibling, net.first = net.first, i
		net.n++
	}
	return n
}

// leaveNet takes record i out of its net's list, if it is in one.
func (e *Engine) leaveNet(i uint32) {
	host := e.records.at(i)
	if host.flags&member == 0 {
		return
	}
	net := e.records.at(e.find(host.key.net(), ofNet))
	link := &net.first
	for *link != i {
		link = &e.records.at(*link).sibling
	}
	*link = host.sibling
	net.n--
	host.flags &^= member
	host.sibling = 0
}

// dismiss takes those whose ban has ended out of net's list.
func (e *Engine) dismiss(net *record, at second) {
	for link := &net.first; *link != 0; {
		host := e.records.at(*link)
		if host.banned(at) {
			link = &host.sibling
			continue
		}
		*link = host.sibling
		host.flags &^= member
		host.sibling = 0
		net.n--
	}
}

// disband empties net's list.
func (e *Engine) disband(net *record) {
	e.dismiss(net, farthest)
}
