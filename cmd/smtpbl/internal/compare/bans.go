package compare

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// halfHours are the columns of a day.
const halfHours = 48

// bans are what one policy did.
type bans struct {
	by     map[netip.Prefix]*history
	widths [2][]int       // the lengths of the prefixes of IPv4 and of IPv6
	spans  []span         // used again
	made   int            // bans
	day    [halfHours]int // of them, by the time of day at which they began
}

// history is what one policy did to one prefix.
type history struct {
	first policy.Decision // the one that began first
	spans []span
}

// span is a time from a ban's beginning to its end, in Unix nanoseconds.
type span struct{ from, to int64 }

func newBans() bans { return bans{by: map[netip.Prefix]*history{}} }

func (b *bans) add(d *policy.Decision) {
	b.made++
	b.day[d.At.Hour()*2+d.At.Minute()/30]++
	h := b.by[d.Prefix]
	if h == nil {
		h = &history{first: *d}
		b.by[d.Prefix] = h
		if w := &b.widths[family(d.Prefix.Addr())]; !slices.Contains(*w, d.Prefix.Bits()) {
			*w = append(*w, d.Prefix.Bits())
			slices.Sort(*w)
		}
	}
	if d.At.Before(h.first.At) {
		h.first = *d
	}
	h.spans = append(h.spans, span{d.At.UnixNano(), d.Until.UnixNano()})
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// around calls f with the history of p and of each wider prefix around it.
func (b *bans) around(p netip.Prefix, f func(*history)) {
	for _, bits := range b.widths[family(p.Addr())] {
		if bits > p.Bits() {
			return
		}
		if h := b.by[netip.PrefixFrom(p.Addr(), bits).Masked()]; h != nil {
			f(h)
		}
	}
}

// holds tells whether p is banned at at. A ban that begins at that very moment
// is not yet one.
func (b *bans) holds(p netip.Prefix, at time.Time) bool {
	t, found := at.UnixNano(), false
	b.around(p, func(h *history) {
		// The latest ban is the likeliest.
		for i := len(h.spans) - 1; i >= 0 && !found; i-- {
			found = h.spans[i].from < t && t < h.spans[i].to
		}
	})
	return found
}

// sentence is all that one policy does to one prefix, by bans of its own and of
// the nets around it.
type sentence struct {
	first  *policy.Decision // the one that began first; nil where there is none
	bans   int
	banned time.Duration // in all, times that overlap counted once
}

func (b *bans) sentence(p netip.Prefix) sentence {
	var s sentence
	spans := b.spans[:0]
	b.around(p, func(h *history) {
		if s.first == nil || !h.first.At.After(s.first.At) { // its own rather than its net's
			s.first = &h.first
		}
		s.bans += len(h.spans)
		spans = append(spans, h.spans...)
	})
	b.spans, s.banned = spans, covered(spans)
	return s
}

// covered is how much time spans cover together.
func covered(spans []span) time.Duration {
	if len(spans) == 1 {
		return time.Duration(spans[0].to - spans[0].from)
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	sum, end := int64(0), int64(-1<<63)
	for _, s := range spans {
		if s.to > end {
			sum += s.to - max(s.from, end)
			end = s.to
		}
	}
	return time.Duration(sum)
}
