package nft

import (
	"time"

	"golang.org/x/sys/unix"
)

// fakeSet is a hash set or, with intervals, a set of ranges.
type fakeSet struct {
	spec      setSpec
	collects  time.Duration // how often ended elements are collected; 0: the set has no timeouts
	collected time.Time     // when that was done last
	elements  map[string]*fakeElement
	// ended are the ends of elements that are not collected and whose key was
	// added again.
	ended     []time.Time
	intervals []fakeInterval // sorted
	// count is what the size limits: it includes what the transaction in
	// progress removed.
	count, removed int
}

type fakeElement struct {
	timeout time.Duration // 0: none
	end     time.Time     // zero: none
	Counter
}

// over tells whether the element only waits to be collected.
func (el *fakeElement) over(now time.Time) bool { return !el.end.IsZero() && !now.Before(el.end) }

func (s *fakeSet) isInterval() bool { return s.spec.flags&unix.NFT_SET_INTERVAL != 0 }

// live returns an element that has not ended.
func (s *fakeSet) live(key string, now time.Time) *fakeElement {
	if el := s.elements[key]; el != nil && !el.over(now) {
		return el
	}
	return nil
}

// collect removes what had ended when the collector last came by.
func (s *fakeSet) collect(now time.Time) {
	if s.collects == 0 || now.Sub(s.collected) < s.collects {
		return
	}
	s.collected = s.collected.Add(now.Sub(s.collected).Truncate(s.collects))
	for key, el := range s.elements {
		if el.over(s.collected) {
			delete(s.elements, key)
			s.count--
		}
	}
	var left []time.Time
	for _, end := range s.ended {
		if end.After(s.collected) {
			left = append(left, end)
		}
	}
	s.count -= len(s.ended) - len(left)
	s.ended = left
}

// set finds the set that a message is about; the attribute with its name has the
// same number in messages about sets and about elements.
func (tx *fakeTx) set(attributes []byte) (*fakeTable, *fakeSet, unix.Errno) {
	table, errno := tx.table(attributes)
	if errno != 0 {
		return nil, nil, errno
	}
	set, ok := table.sets[readString(attr(attributes, unix.NFTA_SET_NAME))]
	if !ok {
		return table, nil, unix.ENOENT
	}
	set.collect(tx.now)
	return table, set, 0
}

// newSet makes a set. Declaring one that exists changes its size and how often
// it is collected (Linux 6.5, nf_tables_newset).
func (tx *fakeTx) newSet(attributes []byte) unix.Errno {
	table, have, errno := tx.set(attributes)
	if table == nil {
		return errno
	}
	spec, collects := decodeSet(attributes).spec, readCollects(attributes)
	if have == nil {
		table.sets[spec.name] = &fakeSet{
			spec: spec, collects: collects, collected: tx.now, elements: map[string]*fakeElement{},
		}
		tx.did(func() { delete(table.sets, spec.name) })
		return 0
	}
	if tx.kernel.lacks.owner { // 5.10 does not compare them
		return 0
	}
	same, oldSize, oldCollects := have.spec, have.spec.size, have.collects
	same.size = spec.size
	if same != spec {
		return unix.EEXIST
	}
	if tx.kernel.lacks.growth {
		return 0
	}
	if spec.size > 0 {
		have.spec.size = spec.size
	}
	have.collects = collects
	tx.did(func() { have.spec.size, have.collects = oldSize, oldCollects })
	return 0
}

// readCollects reads how often a set is to be collected: each second if it does
// not say (NFT_SET_DEFAULT_GC_INTERVAL).
func readCollects(attributes []byte) time.Duration {
	if readU32(attr(attributes, unix.NFTA_SET_FLAGS))&unix.NFT_SET_TIMEOUT == 0 {
		return 0
	}
	given := time.Duration(readU32(attr(attributes, unix.NFTA_SET_GC_INTERVAL))) * time.Millisecond
	if given == 0 {
		return time.Second
	}
	return given
}

// deleteSet refuses while a rule looks into the set.
func (tx *fakeTx) deleteSet(attributes []byte) unix.Errno {
	table, set, errno := tx.set(attributes)
	if errno != 0 {
		return errno
	}
	for _, chain := range table.chains {
		for _, r := range chain.rules {
			if r.refersTo("lookup", set.spec.name) {
				return unix.EBUSY
			}
		}
	}
	delete(table.sets, set.spec.name)
	tx.did(func() { table.sets[set.spec.name] = set })
	return 0
}
