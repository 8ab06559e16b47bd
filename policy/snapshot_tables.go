package policy

import "encoding/binary"

// The tables of a snapshot. Each tells its size, by which whoever loads it
// knows whether the places still mean the same.
//
//	spread   4 places, 4 subjects, 4 seconds of an eighth, then the subjects
//	subject  4 place, 4 tag, 4 number of the eighth, then 4 bytes of bits for each of eight
//	logins   4 rooms, 4 logins, then the logins
//	login    4 room, 4 tag, 4 last

// spread writes what was met lately.
func (w *snapshotWriter) spread(s *spread, now second) {
	part := s.now(now)
	w.table(len(s.subjects), s.each(part, func(int, *subject, *seen) {}))
	w.u32(uint32(s.eighth))
	s.each(part, func(at int, x *subject, b *seen) {
		w.u32(uint32(at))
		w.u32(x.tag)
		w.u32(uint32(x.part))
		for i := range b {
			w.u32(b[i])
		}
		w.flush(flushAt)
	})
}

// logins writes the logins that still count.
func (w *snapshotWriter) logins(p *pairs, now second) {
	w.table(len(p.rooms), p.each(now, func(int, login) {}))
	p.each(now, func(room int, l login) {
		w.u32(uint32(room))
		w.u32(l.tag)
		w.u32(uint32(l.last))
		w.flush(flushAt)
	})
}

func (w *snapshotWriter) table(size, n int) {
	w.u32(uint32(size))
	w.u32(uint32(n))
}

func (w *snapshotWriter) u32(v uint32) { w.buf = binary.LittleEndian.AppendUint32(w.buf, v) }

// each calls f for every subject that something met lately, and returns how
// many there are.
func (s *spread) each(now int32, f func(at int, x *subject, b *seen)) int {
	n := 0
	for at := range s.subjects {
		for w := range s.subjects[at] {
			if x := &s.subjects[at][w]; x.tag != 0 && behind(now, x.part) < parts {
				f(at, x, &s.seen[at][w])
				n++
			}
		}
	}
	return n
}

func (p *pairs) each(now second, f func(room int, l login)) int {
	n := 0
	for room := range p.rooms {
		for _, l := range &p.rooms[room] {
			if l.tag != 0 && now.since(l.last) < p.most {
				f(room, l)
				n++
			}
		}
	}
	return n
}

// stored is a subject of a snapshot.
type stored struct {
	place, tag uint32
	part       int32
	seen       seen
}

// spread reads a spread and calls f for each subject.
func (r *snapshotReader) spread(f func(places, eighth uint32, x *stored)) {
	places, n, eighth := r.u32(), r.u32(), r.u32()
	for ; n > 0 && r.failed == nil; n-- {
		x := stored{place: r.u32(), tag: r.u32(), part: int32(r.u32())}
		for i := range x.seen {
			x.seen[i] = r.u32()
		}
		if r.failed == nil {
			f(places, eighth, &x)
		}
	}
}

// logins reads logins and calls f for each.
func (r *snapshotReader) logins(f func(rooms, room uint32, l login)) {
	rooms, n := r.u32(), r.u32()
	for ; n > 0 && r.failed == nil; n-- {
		room := r.u32()
		l := login{tag: r.u32(), last: second(r.u32())}
		if r.failed == nil {
			f(rooms, room, l)
		}
	}
}

// load puts a subject of a snapshot back, whose start lies shift seconds after
// ours. Of another size of table, or another Window, it is left out: nobody
// knows where it belongs.
func (s *spread) load(places, eighth uint32, x *stored, shift int64) {
	if int(places) != len(s.subjects) || int64(eighth) != s.eighth || int(x.place) >= len(s.subjects) || x.tag == 0 {
		return
	}
	moved := s.now(clamp(int64(x.part)*s.eighth + shift))
	at, w := int(x.place), s.find(int(x.place), x.tag)
	if w < 0 {
		if w = s.makeRoom(at, moved); w < 0 {
			return
		}
	}
	b := &s.seen[at][w]
	*b = seen{}
	for i := range int32(parts) {
		b[uint32(moved-i)%parts] = x.seen[uint32(x.part-i)%parts]
	}
	s.subjects[at][w] = subject{tag: x.tag, part: moved, count: b.count()}
}

// load puts a login of a snapshot back.
func (p *pairs) load(rooms, room uint32, l login, shift int64) {
	if int(rooms) != len(p.rooms) || int(room) >= len(p.rooms) || l.tag == 0 {
		return
	}
	l.last = clamp(int64(l.last) + shift)
	p.put(&p.rooms[room], l)
}
