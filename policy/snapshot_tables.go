package policy

import (
	"encoding/binary"
	"errors"
)

// The tables of a snapshot. Each tells its size, by which whoever loads it
// knows whether the places still mean the same.
//
//	spread   4 places, 4 subjects, then the subjects
//	subject  4 place, 4 tag, 4 last, 1 stamps, then the stamps
//	stamp    1 thing, 4 at
//	logins   4 rooms, 4 logins, then the logins
//	login    4 room, 4 tag, 4 last
const (
	tableLen   = 8
	subjectLen = 13
	stampLen   = 5
	loginLen   = 12
)

// spread writes what is inside the window.
func (w *snapshotWriter) spread(s *spread, now second) {
	w.table(len(s.subjects), s.each(now, func(int, int, []byte) {}))
	s.each(now, func(at, way int, stamps []byte) {
		x := &s.subjects[at][way]
		w.u32(uint32(at))
		w.u32(x.tag)
		w.u32(uint32(x.last))
		w.buf = append(append(w.buf, byte(len(stamps)/stampLen)), stamps...)
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

// each calls f for every subject with stamps inside the window, which it gets
// as they are written, and returns how many there are.
func (s *spread) each(now second, f func(at, way int, stamps []byte)) int {
	n := 0
	var buf [things * stampLen]byte
	for at := range s.subjects {
		for way := range s.subjects[at] {
			x := &s.subjects[at][way]
			if x.tag == 0 || now.since(x.last) > s.window {
				continue
			}
			b := buf[:0]
			for i, t := range &s.stamps[at][way] {
				if s.live(t, now) {
					b = append(b, byte(i))
					b = binary.LittleEndian.AppendUint32(b, uint32(s.time(t, now)))
				}
			}
			if len(b) > 0 {
				f(at, way, b)
				n++
			}
		}
	}
	return n
}

// time returns when t, which is live, was set.
func (s *spread) time(t stamp, now second) second {
	return clamp((floor(int64(now), s.unit) - s.age(t, now)) * s.unit)
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

var errCut = errors.New("a table is cut short")

// tableReader takes tables apart; a table that is not whole sets failed.
type tableReader struct {
	b      []byte
	failed error
}

func (r *tableReader) take(n int) []byte {
	if r.failed != nil || len(r.b) < n {
		r.failed = errCut
		return make([]byte, n)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *tableReader) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// spread reads a spread and calls f for each subject with its stamps.
func (r *tableReader) spread(f func(places, place, tag uint32, last second, stamps []byte)) {
	places, n := r.u32(), r.u32()
	for ; n > 0 && r.failed == nil; n-- {
		place, tag, last := r.u32(), r.u32(), second(r.u32())
		stamps := r.take(int(r.take(1)[0]) * stampLen)
		if r.failed == nil {
			f(places, place, tag, last, stamps)
		}
	}
}

// logins reads logins and calls f for each.
func (r *tableReader) logins(f func(rooms, room uint32, l login)) {
	rooms, n := r.u32(), r.u32()
	for ; n > 0 && r.failed == nil; n-- {
		room := r.u32()
		l := login{tag: r.u32(), last: second(r.u32())}
		if r.failed == nil {
			f(rooms, room, l)
		}
	}
}

// load puts a subject of a snapshot back. Times are moved by shift. Of another
// size of table it is left out: nobody knows where it belongs.
func (s *spread) load(places, place, tag uint32, last second, stamps []byte, shift int64) {
	if int(places) != len(s.subjects) || int(place) >= len(s.subjects) || tag == 0 {
		return
	}
	at, moved := int(place), clamp(int64(last)+shift)
	w := s.find(at, tag)
	if w < 0 {
		if w = s.makeRoom(at, moved); w < 0 {
			return
		}
		s.stamps[at][w] = [things]stamp{}
	}
	for ; len(stamps) >= stampLen; stamps = stamps[stampLen:] {
		set := clamp(int64(second(binary.LittleEndian.Uint32(stamps[1:]))) + shift)
		s.stamps[at][w][stamps[0]%things] = s.stamp(set)
	}
	s.subjects[at][w] = subject{tag: tag, last: moved, count: s.counted(at, w, moved)}
}

// load puts a login of a snapshot back.
func (p *pairs) load(rooms, room uint32, l login, shift int64) {
	if int(rooms) != len(p.rooms) || int(room) >= len(p.rooms) || l.tag == 0 {
		return
	}
	l.last = clamp(int64(l.last) + shift)
	p.put(&p.rooms[room], l)
}
