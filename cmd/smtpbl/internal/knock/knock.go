// Package knock remembers who was dropped lately: for each source how many
// packets, how fast, to which ports, and its last packets. A source is an IPv4
// address or an IPv6 /64.
//
// Memory is bounded, whatever comes. When there is no room, the source with the
// least weight makes room and its weight goes over to the newcomer (the
// space-saving algorithm of Metwally, Agrawal and El Abbadi, 2005). A packet's
// weight halves every ten minutes. So of k places none is lost by a source that
// has more than a k-th of all weight: a flood from millions of sources, each new,
// cannot push out those that knock most.
package knock

import (
	"cmp"
	"container/heap"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

const (
	// halfLife is when half of a packet's weight is left.
	halfLife = 10 * time.Minute
	// Lately is how long a source is shown after its last packet.
	Lately = time.Hour
	// bits6 is how much of an IPv6 address tells a source.
	bits6 = 64
)

// Tally counts packets by source. Its methods may be called by several
// goroutines.
type Tally struct {
	mu      sync.Mutex // guards all below
	max     int
	start   time.Time
	sources map[netip.Addr]*source
	order   byWeight
}

// New makes a Tally for at most size sources, one at least. Start is the time of
// the clock that Add and Top are given.
func New(size int, start time.Time) *Tally {
	return &Tally{max: max(size, 1), start: start, sources: map[netip.Addr]*source{}}
}

// Add counts a packet that was read at now.
func (t *Tally) Add(d *nft.Drop, now time.Time) {
	key := keyOf(d.Source)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sources[key]
	if s == nil {
		s = t.admit(key)
	}
	s.count(d, now)
	// Later packets weigh more instead of earlier ones less: then weights change
	// only where a packet is added, and their order is always right.
	s.weight = addLogs(s.weight, float64(now.Sub(t.start))/float64(halfLife))
	heap.Fix(&t.order, s.place)
}

// admit finds a place for a new source.
func (t *Tally) admit(key netip.Addr) *source {
	if len(t.order) < t.max {
		s := &source{key: key, weight: math.Inf(-1)}
		heap.Push(&t.order, s)
		t.sources[key] = s
		return s
	}
	s := t.order[0]
	delete(t.sources, s.key)
	*s = source{key: key, weight: s.weight, place: s.place}
	t.sources[key] = s
	return s
}

// Top returns at most n sources of the last hour, those first that sent most
// packets within about a minute.
func (t *Tally) Top(n int, now time.Time) []Source {
	t.mu.Lock()
	defer t.mu.Unlock()
	type weighed struct {
		*source
		packets float64 // not the rate, which one packet of a newcomer can make high
	}
	list := make([]weighed, 0, len(t.order))
	for _, s := range t.order {
		if now.Sub(s.last) < Lately {
			list = append(list, weighed{s, s.lately(perMinute, now)})
		}
	}
	slices.SortFunc(list, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(b.packets, a.packets), cmp.Compare(b.source.packets, a.source.packets), a.key.Compare(b.key))
	})
	list = list[:min(n, len(list))]
	top := make([]Source, len(list))
	for i, s := range list {
		top[i] = s.describe(now)
	}
	return top
}

// Find returns what is known of the source that an address belongs to, if it was
// dropped within the last hour.
func (t *Tally) Find(a netip.Addr, now time.Time) (Source, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sources[keyOf(a)]
	if s == nil || now.Sub(s.last) >= Lately {
		return Source{}, false
	}
	return s.describe(now), true
}

// Len returns how many sources are known.
func (t *Tally) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.order)
}

// keyOf masks the part of an IPv6 address that its owner can change at will.
func keyOf(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return addr
	}
	p, err := addr.Prefix(bits6)
	if err != nil {
		return addr
	}
	return p.Addr()
}

// addLogs adds two numbers of which the binary logarithms are given. Weights are
// kept as logarithms because they double every ten minutes.
func addLogs(a, b float64) float64 {
	high, low := max(a, b), min(a, b)
	return high + math.Log2(1+math.Exp2(low-high))
}

// byWeight is a heap whose first source has the least weight.
type byWeight []*source

func (h byWeight) Len() int           { return len(h) }
func (h byWeight) Less(i, j int) bool { return h[i].weight < h[j].weight }

// Swap exchanges two sources, which know their places.
func (h byWeight) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push adds a source at the end.
func (h *byWeight) Push(x any) {
	s := x.(*source)
	s.place = len(*h)
	*h = append(*h, s)
}

// Pop takes the last source; a Tally never forgets one without a successor, but
// heap.Interface wants it.
func (h *byWeight) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
