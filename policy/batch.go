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
			names[i] = nameOf(events[i].User)
		}
		if n > 1 && e.records.used > 0 && e.chunks.used > 0 {
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
		sum += e.accounts.fetch(names[i].account) + e.nets.fetch(uint64(k.net())) + e.swarms.fetch(uint64(k.net())) + e.logins.fetch(names[i].user)
	}
	for _, i := range records[:n] {
		sum += uint32(e.records.at(i).n)
	}
	for _, i := range records[:n] {
		c := e.chunks.at(e.records.at(i).first)
		sum += c.entries[0][0] + c.next // they may be on two cache lines
	}
	e.fetched = sum
}

// fetch loads the place of a subject.
func (s *spread) fetch(id uint64) uint32 {
	at, _ := s.place(id)
	return s.subjects[at][0].tag + s.seen[at][0][0] + s.seen[at][2][0] + s.seen[at][4][0]
}

// fetch loads the room of a user.
func (p *pairs) fetch(u user) uint32 {
	r := p.room(u)
	return p.rooms[r][0].tag + p.rooms[r][pairWays/2].tag
}
