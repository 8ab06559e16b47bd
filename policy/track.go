package policy

// find returns the index of a record, 0 for none.
func (e *Engine) find(k key, of kind) uint32 { return e.index[of].find(&e.records, k) }

// track returns the record of k, made if it does not exist, as the one seen
// last. keep is a record that must not make room for it, or 0.
func (e *Engine) track(k key, of kind, at second, keep uint32) uint32 {
	if i := e.find(k, of); i != 0 {
		e.touch(i)
		return i
	}
	for e.records.len() >= e.cfg.MaxTracked && e.evict(keep) {
	}
	i := e.records.add()
	r := e.records.at(i)
	r.key, r.flags = k, recordFlags(of)
	r.flags |= recordFlags(e.classOf(r)) << classShift
	r.newest, r.ends, r.mark = at, never, never
	e.index[of].add(k, i)
	e.listOf(r).push(&e.records, i)
	return i
}

// classes are the lists of records without bans, by how much would be lost
// with one. At the limit the lowest gives first: to have four failures
// forgotten takes a flood of as many addresses that fail four times.
const classes = 4

// classOf returns the list that r belongs to where it has no ban.
func (e *Engine) classOf(r *record) int {
	if r.kind() == ofNet {
		return classes - 1
	}
	return max(e.guesses(r)-1, 0)
}

// guesses is how many entries of r are failures, up to the number of classes.
// What is kept for a summary only does not make a record worth more: it costs
// whoever floods us nothing.
func (e *Engine) guesses(r *record) int {
	n := 0
	for i := range min(int(r.n), ownLen) {
		n += r.own[i].guess()
	}
	left := int(r.n) - ownLen
	for i := r.first; left > 0 && n < classes; left -= chunkLen {
		c := e.chunks.at(i)
		for k := range min(left, chunkLen) {
			n += c.entries[k].guess()
		}
		i = c.next
	}
	return min(n, classes)
}

// touch moves record i to the front of the list that it belongs to now.
func (e *Engine) touch(i uint32) {
	r := e.records.at(i)
	l := e.listOf(r)
	flags := r.flags &^ (offending | classMask)
	if r.rank > 0 || r.ends != never {
		flags |= offending
	} else {
		flags |= recordFlags(e.classOf(r)) << classShift
	}
	if flags == r.flags && l.front == i {
		return
	}
	l.remove(&e.records, i)
	r.flags = flags
	e.listOf(r).push(&e.records, i)
}

func (e *Engine) listOf(r *record) *list {
	if r.flags&offending != 0 {
		return &e.offenders
	}
	return &e.harmless[r.class()]
}

// evict makes room by giving up one record other than keep, and tells whether
// it found one.
func (e *Engine) evict(keep uint32) bool {
	i := e.weakest(keep)
	if i == 0 {
		i = e.cheapest(keep)
	}
	if i == 0 {
		return false
	}
	if r := e.records.at(i); r.kind() == ofHost && e.guesses(r) > 0 && e.now.since(r.newest) < e.window {
		e.forgotten++
	}
	e.drop(i)
	return true
}

// draws is how many records are looked at for one of the lowest class.
const draws = 8

// weakest returns the record other than keep that has the least failures; 0
// where all have bans. Of those with a single failure it draws one: with the
// oldest first, whoever tries more seldom than a flood fills the memory would
// never be seen a second time.
func (e *Engine) weakest(keep uint32) uint32 {
	for range draws {
		if e.harmless[0].back == 0 {
			break
		}
		e.drawn++
		i := e.draw(e.drawn)
		if r := e.records.at(i); i != keep && r.flags&(offending|classMask) == 0 && r.linked(&e.harmless[0], i) {
			return i
		}
	}
	for c := range e.harmless {
		i := e.harmless[c].back
		if i == keep && i != 0 {
			i = e.records.at(i).prev
		}
		if i != 0 {
			return i
		}
	}
	return 0
}

// lookBack bounds the search among offenders.
const lookBack = 16

// draw returns the index of the n-th record that is drawn.
func (e *Engine) draw(n uint64) uint32 { return uint32(mix(n)%uint64(e.records.used-1)) + 1 }

// cheapest returns the offender to give up: among those seen longest ago one
// whose ban has ended, else the one seen longest ago.
func (e *Engine) cheapest(keep uint32) uint32 {
	oldest := uint32(0)
	for i, n := e.offenders.back, 0; i != 0 && n < lookBack; n++ {
		r := e.records.at(i)
		if i != keep {
			if !r.banned(e.now) {
				return i
			}
			if oldest == 0 {
				oldest = i
			}
		}
		i = r.prev
	}
	return oldest
}

// drop forgets record i.
func (e *Engine) drop(i uint32) {
	r := e.records.at(i)
	if r.kind() == ofNet {
		e.disband(r)
	} else {
		e.leaveNet(i)
		e.freeChunks(r.first)
	}
	e.listOf(r).remove(&e.records, i)
	e.index[r.kind()].remove(r.key, i)
	e.records.remove(i)
}

// sweep frees what has become meaningless, a little with each event so that
// none is slow: two leave for one that comes, and the other lists have their
// turn.
func (e *Engine) sweep() {
	e.sweepList(&e.harmless[0])
	e.turn++
	if c := e.turn % classes; c > 0 {
		e.sweepList(&e.harmless[c])
	}
	if i := e.offenders.back; i != 0 {
		r := e.records.at(i)
		e.forget(r, e.now)
		if r.ends == never {
			e.leaveNet(i)
			e.touch(i)
		}
	}
}

// sweepList frees up to two records of a list that are idle.
func (e *Engine) sweepList(l *list) {
	idle := max(e.window, seconds(sessionAge))
	for range 2 {
		i := l.back
		if i == 0 {
			return
		}
		r := e.records.at(i)
		if e.now.since(r.newest) < idle {
			return
		}
		if r.kind() == ofNet {
			e.dismiss(r, e.now)
		}
		if r.kind() == ofNet && r.n > 0 {
			e.touch(i) // its banned hosts still need it
		} else {
			e.drop(i)
		}
	}
}
