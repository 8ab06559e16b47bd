package enforce

import (
	"container/heap"
	"iter"
	"maps"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// ledger holds the wanted bans: those that should be dropping packets now.
// Each set has a heap by end, for expiry and for giving way when it is full.
type ledger struct {
	bans map[nft.Key]store.Record
	ends map[string]*endHeap
	size map[string]int
}

func newLedger() *ledger {
	return &ledger{
		bans: map[nft.Key]store.Record{},
		ends: map[string]*endHeap{},
		size: map[string]int{},
	}
}

// put adds or replaces a ban.
func (l *ledger) put(r store.Record) {
	k := r.Key()
	set := k.Set()
	if _, ok := l.bans[k]; !ok {
		l.size[set]++
	}
	l.bans[k] = r
	h := l.ends[set]
	if h == nil {
		h = &endHeap{}
		l.ends[set] = h
	}
	heap.Push(h, end{r.Until.UnixMilli(), k})
}

// get returns a ban and whether it is wanted.
func (l *ledger) get(k nft.Key) (store.Record, bool) {
	r, ok := l.bans[k]
	return r, ok
}

// len is the number of bans.
func (l *ledger) len() int { return len(l.bans) }

// remove takes a ban out and tells whether it was there.
func (l *ledger) remove(k nft.Key) (store.Record, bool) {
	r, ok := l.bans[k]
	if ok {
		delete(l.bans, k)
		l.size[k.Set()]--
	}
	return r, ok
}

// expire removes and returns the bans that have ended at now.
func (l *ledger) expire(now time.Time) []store.Record {
	var out []store.Record
	for set := range l.ends {
		for {
			r, ok := l.soonest(set)
			if !ok || r.Active(now) {
				break
			}
			l.remove(r.Key())
			out = append(out, r)
		}
	}
	return out
}

// soonest returns the ban of a set that ends first. Heap entries whose ban
// was lifted or now ends at another time are dropped on the way.
func (l *ledger) soonest(set string) (store.Record, bool) {
	h := l.ends[set]
	for h != nil && h.Len() > 0 {
		top := (*h)[0]
		if r, ok := l.bans[top.key]; ok && r.Until.UnixMilli() == top.at {
			return r, true
		}
		heap.Pop(h)
	}
	return store.Record{}, false
}

// sizes returns a copy of the number of bans by set.
func (l *ledger) sizes() map[string]int {
	return maps.Clone(l.size)
}

func (l *ledger) all() iter.Seq[store.Record] {
	return func(yield func(store.Record) bool) {
		for _, r := range l.bans {
			if !yield(r) {
				return
			}
		}
	}
}

// around returns the bans of all layers that cover p and more than p, the
// narrowest first.
func (l *ledger) around(p netip.Prefix) []nft.Key {
	var out []nft.Key
	for bits := p.Bits() - 1; bits > 0; bits-- {
		for _, k := range inLayers(netip.PrefixFrom(p.Addr(), bits).Masked()) {
			if _, ok := l.get(k); ok {
				out = append(out, k)
			}
		}
	}
	return out
}

type end struct {
	at  int64 // Unix milliseconds
	key nft.Key
}

type endHeap []end

func (h endHeap) Len() int           { return len(h) }
func (h endHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h endHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *endHeap) Push(x any)        { *h = append(*h, x.(end)) }
func (h *endHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
