package policy

import "math"

// spread counts how many different things met each of many subjects within
// the last Window: the nets that failed at an account, or the accounts that a
// net failed at. It takes what memory it was made with and no more.
//
// A subject has 32 stamps. A thing sets the one that its hash chooses to the
// time, so the stamps inside the Window tell the number of different things
// (linear counting: Whang and others, "A linear-time probabilistic counting
// algorithm", 1990) while old ones leave by themselves.
type spread struct {
	subjects []subjects // as many as a power of two
	stamps   [][ways][things]stamp
	secret   uint64 // where a subject lies, so that nobody can choose to push one out
	window   int64  // seconds
	unit     int64  // seconds of one step of a stamp
}

const (
	// ways is how many subjects share a place. Five are a cache line.
	ways   = 5
	things = 32
	// steps of a stamp are in one Window.
	steps = 1000
)

// subjects are those of one place.
type subjects [ways]subject

// subject is an account or a net; the zero subject is none.
type subject struct {
	tag   uint32
	last  second // when a thing last met it
	count uint8  // stamps inside the window then
}

// stamp is a time in units that came around, 0 for never.
type stamp uint16

// newSpread makes a spread for at least so many subjects.
func newSpread(subjectsWanted int, window int64, secret uint64) spread {
	n := 1
	for n*ways < subjectsWanted {
		n *= 2
	}
	return spread{
		subjects: make([]subjects, n), stamps: make([][ways][things]stamp, n),
		secret: secret, window: window, unit: max(1, (window+steps-1)/steps),
	}
}

// place returns where a subject lies, and its tag.
func (s *spread) place(id uint64) (int, uint32) {
	h := mix(id ^ s.secret)
	return int(h & uint64(len(s.subjects)-1)), uint32(h>>32) | 1
}

// find returns the way of a subject in its place, -1 where it is not there.
func (s *spread) find(at int, tag uint32) int {
	for w := range s.subjects[at] {
		if s.subjects[at][w].tag == tag {
			return w
		}
	}
	return -1
}

// meet says that a thing met a subject at now, and returns how many different
// things did so within the last Window. What is not above limit may be told a
// little too high.
func (s *spread) meet(id uint64, thing uint64, now second, limit int) int {
	at, tag := s.place(id)
	w := s.find(at, tag)
	if w < 0 {
		if w = s.makeRoom(at, now); w < 0 {
			return 0
		}
		s.subjects[at][w] = subject{tag: tag, last: now}
		s.stamps[at][w] = [things]stamp{}
	}
	x := &s.subjects[at][w]
	if now.since(x.last) > s.window {
		s.stamps[at][w], x.count = [things]stamp{}, 0 // they may have come around
	}
	x.last = max(x.last, now)
	t := &s.stamps[at][w][mix(thing)%things]
	if !s.live(*t, now) {
		*t = s.stamp(now)
		x.count = s.counted(at, w, now)
	} else if s.age(*t, now) > 0 {
		*t = s.stamp(now)
	}
	if estimates[x.count] > limit {
		x.count = s.counted(at, w, now)
	}
	return estimates[x.count]
}

// part takes a thing out of a subject's count.
func (s *spread) part(id uint64, thing uint64) {
	at, tag := s.place(id)
	if w := s.find(at, tag); w >= 0 {
		s.stamps[at][w][mix(thing)%things] = 0
	}
}

// met is how many things met a subject within the last Window.
func (s *spread) met(id uint64, now second) int {
	at, tag := s.place(id)
	w := s.find(at, tag)
	if w < 0 || now.since(s.subjects[at][w].last) > s.window {
		return 0
	}
	return estimates[s.counted(at, w, now)]
}

// makeRoom returns a way for a new subject: an empty one, one that nothing has
// met for a Window, or that which the fewest things have met, if that is no
// more than one. Else -1, and that subject has one defence less until it is
// met again: a flood of new subjects cannot push out one that stands out, nor
// can what stood out once keep new ones out.
func (s *spread) makeRoom(at int, now second) int {
	least := 0
	for w := range s.subjects[at] {
		x, y := &s.subjects[at][w], &s.subjects[at][least]
		if x.tag == 0 || now.since(x.last) > s.window {
			return w
		}
		if x.count < y.count || x.count == y.count && x.last < y.last {
			least = w
		}
	}
	if x := &s.subjects[at][least]; x.count > 1 {
		x.count--
		return -1
	}
	return least
}

// counted is how many stamps are inside the window.
func (s *spread) counted(at, w int, now second) uint8 {
	n := uint8(0)
	for _, t := range &s.stamps[at][w] {
		if s.live(t, now) {
			n++
		}
	}
	return n
}

func (s *spread) stamp(at second) stamp {
	return max(stamp(floor(int64(at), s.unit)), 1) // what is 0 becomes one unit younger
}

// floor divides, and rounds down below zero too.
func floor(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

// age is how many units t lies before now; what lies after it is very old.
func (s *spread) age(t stamp, now second) int64 { return int64(s.stamp(now) - t) }

func (s *spread) live(t stamp, now second) bool {
	return t != 0 && s.age(t, now)*s.unit < s.window
}

// estimates is the number of things that most probably set so many stamps.
var estimates = func() (e [things + 1]int) {
	for n := range things {
		e[n] = int(math.Round(-things * math.Log(1-float64(n)/things)))
	}
	e[things] = int(math.Round(things * math.Log(2*things)))
	return e
}()
