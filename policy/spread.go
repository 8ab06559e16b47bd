package policy

import (
	"math"
	"math/bits"
)

// spread counts how many different things met each of many subjects lately:
// the nets that failed at an account, or the accounts that a net failed at. It
// takes what memory it was made with and no more.
//
// A thing sets the one bit of 32 that its hash chooses, so the number of bits
// tells the number of different things (linear counting: Whang and others, "A
// linear-time probabilistic counting algorithm", 1990). The bits are kept
// apart for each eighth of a Window, so that old ones leave by themselves: what
// counts has happened within the last Window, or the last seven eighths of it.
type spread struct {
	subjects []subjects // as many as a power of two
	seen     [][ways]seen
	secret   uint64 // so that nobody can choose to push a subject out, or not to be counted
	eighth   int64  // seconds
}

const (
	// ways is how many subjects share a place. Five are a cache line.
	ways   = 5
	things = 32
	parts  = 8
)

// subjects are those of one place.
type subjects [ways]subject

// subject is an account or a net; the zero subject is none.
type subject struct {
	tag   uint32
	part  int32 // the number of the eighth when a thing last met it
	count uint8 // bits then
}

// seen has the bits of each of the last eighths.
type seen [parts]uint32

// newSpread makes a spread for at least so many subjects.
func newSpread(wanted int, window int64, secret uint64) spread {
	n := 1
	for n*ways < wanted {
		n *= 2
	}
	return spread{subjects: make([]subjects, n), seen: make([][ways]seen, n), secret: secret, eighth: max(1, window/parts)}
}

// place returns where a subject lies, and its tag.
func (s *spread) place(id uint64) (int, uint32) {
	h := mix(id ^ s.secret)
	return int(h & uint64(len(s.subjects)-1)), uint32(h>>32) | 1
}

// bit is that of a thing. Who could work it out would try accounts, or come from
// nets, that all have the same.
func (s *spread) bit(thing uint64) uint32 { return 1 << (mix(thing+s.secret) % things) }

// find returns the way of a subject in its place, -1 where it is not there.
func (s *spread) find(at int, tag uint32) int {
	for w := range s.subjects[at] {
		if s.subjects[at][w].tag == tag {
			return w
		}
	}
	return -1
}

// now returns the number of the eighth that a time is in.
func (s *spread) now(at second) int32 {
	n := int64(at) / s.eighth
	if int64(at)%s.eighth < 0 {
		n--
	}
	return int32(n)
}

// meet says that a thing met a subject, and returns how many different things
// did so lately.
func (s *spread) meet(id uint64, thing uint64, now second) int {
	at, tag := s.place(id)
	part := s.now(now)
	w := s.find(at, tag)
	if w < 0 {
		if w = s.makeRoom(at, part); w < 0 {
			return 0
		}
		s.subjects[at][w] = subject{tag: tag, part: part}
		s.seen[at][w] = seen{}
	}
	x, b := &s.subjects[at][w], &s.seen[at][w]
	if behind(x.part, part) > parts { // what came last was stamped wrongly
		*b, x.part = seen{}, part
	}
	b.turn(x.part, part)
	x.part = max(x.part, part)
	if behind(x.part, part) < parts { // else it comes too late to count
		b[uint32(part)%parts] |= s.bit(thing)
	}
	x.count = b.count()
	return estimates[x.count]
}

// part takes a thing out of a subject's count.
func (s *spread) part(id uint64, thing uint64) {
	at, tag := s.place(id)
	if w := s.find(at, tag); w >= 0 {
		for i := range s.seen[at][w] {
			s.seen[at][w][i] &^= s.bit(thing)
		}
	}
}

// met is how many things met a subject lately.
func (s *spread) met(id uint64, now second) int {
	at, tag := s.place(id)
	w := s.find(at, tag)
	if w < 0 {
		return 0
	}
	b := s.seen[at][w]
	b.turn(s.subjects[at][w].part, s.now(now))
	return estimates[b.count()]
}

// turn empties the eighths that have begun since part last.
func (b *seen) turn(last, now int32) {
	if behind(now, last) >= parts {
		*b = seen{}
		return
	}
	for ; last < now; last++ {
		b[uint32(last+1)%parts] = 0
	}
}

// behind is how many eighths o lies before n.
func behind(n, o int32) int64 { return int64(n) - int64(o) }

func (b *seen) count() uint8 {
	return uint8(bits.OnesCount32(b[0] | b[1] | b[2] | b[3] | b[4] | b[5] | b[6] | b[7]))
}

// makeRoom returns a way for a new subject: an empty one, one that nothing has
// met for a Window or that was stamped wrongly, or that which the fewest things have met, if that is no
// more than one. Else -1, and that subject has one defence less until it is
// met again: a flood of new subjects cannot push out one that stands out, nor
// can what stood out once keep new ones out.
func (s *spread) makeRoom(at int, now int32) int {
	least := 0
	for w := range s.subjects[at] {
		x, y := &s.subjects[at][w], &s.subjects[at][least]
		if x.tag == 0 || behind(now, x.part) >= parts || behind(x.part, now) > parts {
			return w
		}
		if x.count < y.count || x.count == y.count && x.part < y.part {
			least = w
		}
	}
	if x := &s.subjects[at][least]; x.count > 1 {
		x.count--
		return -1
	}
	return least
}

// estimates is the number of things that so many bits stand for, told rather
// one too low than too high: somebody may be banned for it.
var estimates = func() (e [things + 1]int) {
	for n := range things {
		e[n] = max(n, int(-things*math.Log(1-float64(n)/things))-1)
	}
	e[things] = int(things * math.Log(2*things))
	return e
}()
