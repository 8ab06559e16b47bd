package nft

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// getElements answers a question for one key, and without a key lists the set.
func (f *Fake) getElements(r *fakeReply, attributes []byte) unix.Errno {
	table, name := f.part(attributes, unix.NFTA_SET_ELEM_LIST_SET)
	if table == nil || table.sets[name] == nil {
		return unix.ENOENT
	}
	set := table.sets[name]
	set.collect(r.now)
	asked := attr(attributes, unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	if asked == nil {
		r.elements(set, set.all(r.now))
		return 0
	}
	var found []fakeEntry
	for _, item := range attrs(asked) {
		en, errno := set.readEntry(item)
		if errno != 0 {
			return errno
		}
		en, ok := set.find(en, r.now)
		if !ok {
			return unix.ENOENT
		}
		found = append(found, en)
	}
	r.elements(set, found)
	return 0
}

// find returns the element that a question is about. In an interval set that
// is the bound, of the kind that was asked for, of the interval in which the key
// lies (nft_rbtree_get); for the end the key may be that end.
func (s *fakeSet) find(asked fakeEntry, now time.Time) (fakeEntry, bool) {
	if !s.isInterval() {
		el := s.live(asked.key, now)
		if el == nil {
			return fakeEntry{}, false
		}
		return el.entry(asked.key, now), true
	}
	if asked.flags&elemIntervalEnd != 0 {
		interval, ok := s.ending(asked.key)
		return fakeEntry{key: interval.behind, flags: elemIntervalEnd}, ok && interval.bounded
	}
	interval, ok := s.holding(asked.key)
	return fakeEntry{key: interval.first}, ok
}

func (el *fakeElement) entry(key string, now time.Time) fakeEntry {
	en := fakeEntry{key: key, timeout: el.timeout, Counter: el.Counter}
	if !el.end.IsZero() {
		en.remaining = el.end.Sub(now)
	}
	return en
}

// all lists the elements that have not ended, or the bounds.
func (s *fakeSet) all(now time.Time) []fakeEntry {
	var list []fakeEntry
	for _, key := range slices.Sorted(maps.Keys(s.elements)) {
		if el := s.live(key, now); el != nil {
			list = append(list, el.entry(key, now))
		}
	}
	for _, interval := range s.intervals {
		list = append(list, fakeEntry{key: interval.first})
		if interval.bounded {
			list = append(list, fakeEntry{key: interval.behind, flags: elemIntervalEnd})
		}
	}
	return list
}

// elements appends messages with elements.
func (r *fakeReply) elements(set *fakeSet, list []fakeEntry) {
	for some := range slices.Chunk(list, elementsPerMessage) {
		r.message(unix.NFT_MSG_NEWSETELEM)
		items := r.b.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
		for _, en := range some {
			el := element{
				flags: en.flags, timeout: en.timeout, remaining: en.remaining,
				counted: set.spec.counted, packets: en.Packets, bytes: en.Bytes,
			}
			el.key = readKey([]byte(en.key))
			el.encode(&r.b.encoder)
		}
		r.b.shut(items)
		r.b.seal()
	}
}
