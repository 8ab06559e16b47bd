package policy

// ahead is how many events are looked up before the first of them is judged.
// A processor core waits for about that many cache lines at the same time.
const ahead = 16

// ObserveBatch is Observe for several events, one after the other. With many
// keys in memory most of an event's time is waiting for its record, so the
// records of the next few are fetched together before.
func (e *Engine) ObserveBatch(events []Event, out []Decision) []Decision {
	var names [ahead]name
	for len(events) > 0 {
		n := min(len(events), ahead)
		for i := range events[:n] {
			names[i] = nameOf(events[i].User, e.seed)
		}
		if n > 1 && e.records.used > 0 {
			e.fetch(events[:n], &names)
		}
		for i := range events[:n] {
			out = e.observe(&events[i], names[i], out)
		}
		events = events[n:]
	}
	return out
}

// fetch brings what events will ask for into the cache. The steps are loops of
// their own, and ask no questions about what is still on its way, since a
// processor that guessed wrong starts again only when it has arrived. A record
// that was not the right one does no harm: nothing is changed here.
func (e *Engine) fetch(events []Event, names *[ahead]name) {
	var keys [ahead]key
	var records [ahead]uint32
	n, host, sum := len(events), &e.index[ofHost], uint32(0)
	for i := range events {
		if a := plainAddr(events[i].Addr); a.IsValid() {
			keys[i] = keyOf(a)
		}
	}
	for i, k := range keys[:n] {
		records[i] = host.likely(k)
	}
	for i, k := range keys[:n] {
		net := uint64(k.net())
		sum += e.accounts.fetch(names[i].account) + e.nets.fetch(net) + e.swarms.fetch(net) + e.logins.fetch(names[i].user)
	}
	for _, i := range records[:n] {
		sum += uint32(e.records.at(i).n)
	}
	if e.chunks.used > 0 {
		for _, i := range records[:n] {
			c := e.chunks.at(e.records.at(i).first)
			sum += c.entries[0][0] + c.next // they may be on two cache lines
		}
	}
	e.fetched = sum
	if e.records.len() >= e.cfg.MaxTracked {
		e.fetchDraws(len(events))
	}
}

// fetchDraws loads the records that will most probably make room for n new ones,
// and what they are linked to.
func (e *Engine) fetchDraws(n int) {
	var drawn [ahead]uint32
	sum := uint32(0)
	for j := range n {
		drawn[j] = e.draw(e.drawn + uint64(j) + 1)
	}
	for _, i := range drawn[:n] {
		sum += e.records.at(i).prev
	}
	for _, i := range drawn[:n] {
		r := e.records.at(i)
		sum += e.records.at(r.prev).prev + e.records.at(r.next).prev + e.index[ofHost].likely(r.key)
	}
	e.fetched += sum
}

// fetch loads the place of a subject: one cache line, and two to three more.
func (s *spread) fetch(id uint64) uint32 {
	at, _ := s.place(id)
	return s.subjects[at][0].tag + s.seen[at][0][0] + s.seen[at][2][0] + s.seen[at][4][0]
}

// fetch loads the room of a user.
func (p *pairs) fetch(u user) uint32 {
	r := p.room(u)
	return p.rooms[r][0].tag + p.rooms[r][pairWays/2].tag
}
