package enforce

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// ledger holds the wanted bans: those that should be dropping packets now. The
// bans of each set lie on a shelf of their own, which needs no more than 30
// bytes for one of an IPv4 address: a million bans must fit into a small
// machine beside its mail server.
type ledger struct {
	shelves []namedShelf // few: one for each set that has or had bans
	reasons *reasons
}

// namedShelf is a shelf with what all of its bans have in common.
type namedShelf struct {
	shelf
	kind
	set string
}

// kind is what the bans of one set have in common.
type kind struct {
	layer nft.Layer
	v6    bool
	bits  int
}

// shelf holds the bans of one set by address.
type shelf interface {
	get(a netip.Addr) (store.Record, bool)
	put(r store.Record)
	remove(a netip.Addr)
	soonest() (store.Record, bool)
	shift(by time.Duration)
	all() iter.Seq[store.Record]
	len() int
}

func newLedger() *ledger { return &ledger{reasons: newReasons()} }

func kindOf(k nft.Key) kind {
	return kind{layer: k.Layer, v6: k.Prefix.Addr().Is6(), bits: k.Prefix.Bits()}
}

// at returns the shelf of a key, nil where none of its bans ever stood.
func (l *ledger) at(k nft.Key) shelf {
	want := kindOf(k)
	for i := range l.shelves {
		if l.shelves[i].kind == want {
			return l.shelves[i].shelf
		}
	}
	return nil
}

// put adds or replaces a ban. The time at which it began is kept in seconds.
func (l *ledger) put(r store.Record) {
	s := l.at(r.Key())
	if s == nil {
		s = l.add(r.Key())
	}
	s.put(r)
}

func (l *ledger) add(k nft.Key) shelf {
	n := namedShelf{kind: kindOf(k), set: k.Set()}
	if n.v6 {
		n.shelf = newTable[[16]byte](n.kind, l.reasons)
	} else {
		n.shelf = newTable[[4]byte](n.kind, l.reasons)
	}
	l.shelves = append(l.shelves, n)
	return n.shelf
}

// get returns a ban and whether it is wanted.
func (l *ledger) get(k nft.Key) (store.Record, bool) {
	s := l.at(k)
	if s == nil {
		return store.Record{}, false
	}
	return s.get(k.Prefix.Addr())
}

// remove takes a ban out and tells whether it was there.
func (l *ledger) remove(k nft.Key) (store.Record, bool) {
	r, ok := l.get(k)
	if ok {
		l.at(k).remove(k.Prefix.Addr())
	}
	return r, ok
}

// expire removes and returns the bans that have ended at now.
func (l *ledger) expire(now time.Time) []store.Record {
	var out []store.Record
	for i := range l.shelves {
		for {
			r, ok := l.shelves[i].soonest()
			if !ok || r.Active(now) {
				break
			}
			l.shelves[i].remove(r.Prefix.Addr())
			out = append(out, r)
		}
	}
	return out
}

// shift moves the ends of all bans.
func (l *ledger) shift(by time.Duration) {
	for i := range l.shelves {
		l.shelves[i].shift(by)
	}
}

// soonest returns the ban of a set that ends first.
func (l *ledger) soonest(set string) (store.Record, bool) {
	i := slices.IndexFunc(l.shelves, func(n namedShelf) bool { return n.set == set })
	if i < 0 {
		return store.Record{}, false
	}
	return l.shelves[i].soonest()
}

// len is the number of bans.
func (l *ledger) len() int {
	n := 0
	for i := range l.shelves {
		n += l.shelves[i].len()
	}
	return n
}

// sizes returns the number of bans by set.
func (l *ledger) sizes() map[string]int {
	out := make(map[string]int, len(l.shelves))
	for i := range l.shelves {
		out[l.shelves[i].set] = l.shelves[i].len()
	}
	return out
}

// all goes through the bans. A ban may be replaced meanwhile, and the one that
// is told may be removed.
func (l *ledger) all() iter.Seq[store.Record] {
	return func(yield func(store.Record) bool) {
		for i := range l.shelves {
			for r := range l.shelves[i].all() {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// around returns the bans of all layers that cover p and more than p, the
// narrowest first.
func (l *ledger) around(p netip.Prefix) []nft.Key {
	var out []nft.Key
	for i := range l.shelves {
		n := &l.shelves[i]
		if n.v6 != p.Addr().Is6() || n.bits >= p.Bits() {
			continue
		}
		k := nft.Key{Layer: n.layer, Prefix: netip.PrefixFrom(p.Addr(), n.bits).Masked()}
		if _, ok := n.get(k.Prefix.Addr()); ok {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b nft.Key) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	return out
}
