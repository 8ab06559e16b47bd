package nft

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"
)

// fakeInterval is what two bounds in an interval set mean. While it has no end
// it reaches to the last key of all.
type fakeInterval struct {
	first, behind string
	bounded       bool
}

func (i fakeInterval) holds(key string) bool {
	return i.first <= key && (!i.bounded || key < i.behind)
}

// at returns the place of the interval that begins at key, or where it would
// have to be.
func (s *fakeSet) at(key string) (int, bool) {
	return slices.BinarySearchFunc(s.intervals, key, func(i fakeInterval, key string) int {
		return cmp.Compare(i.first, key)
	})
}

// holding returns the interval that a key lies in.
func (s *fakeSet) holding(key string) (fakeInterval, bool) {
	n, found := s.at(key)
	if !found {
		n--
	}
	if n < 0 || !s.intervals[n].holds(key) {
		return fakeInterval{}, false
	}
	return s.intervals[n], true
}

// ending returns the interval that ends at a key, or else the one that the key
// lies in.
func (s *fakeSet) ending(key string) (fakeInterval, bool) {
	if n, _ := s.at(key); n > 0 && s.intervals[n-1].bounded && s.intervals[n-1].behind == key {
		return s.intervals[n-1], true
	}
	return s.holding(key)
}

// save keeps the intervals for the case that the transaction comes to nothing.
func (tx *fakeTx) save(s *fakeSet) {
	if _, again := tx.saved[s]; again {
		return
	}
	tx.saved[s] = struct{}{}
	intervals, count := slices.Clone(s.intervals), s.count
	tx.did(func() { s.intervals, s.count = intervals, count })
}

// addBound adds the start or the end of an interval. One that overlaps another
// is refused.
func (tx *fakeTx) addBound(s *fakeSet, en fakeEntry) unix.Errno {
	n, _ := s.at(en.key)
	if en.flags&elemIntervalEnd == 0 {
		if _, overlaps := s.holding(en.key); overlaps {
			return unix.EEXIST
		}
		if s.full() {
			return unix.ENFILE
		}
		tx.save(s)
		s.intervals = slices.Insert(s.intervals, n, fakeInterval{first: en.key})
		s.count++
		return 0
	}
	if n == 0 || s.intervals[n-1].bounded {
		return unix.EEXIST
	}
	tx.save(s)
	s.intervals[n-1].behind, s.intervals[n-1].bounded = en.key, true
	return 0
}

// removeBound removes the interval that begins at the key; its end goes with it.
func (tx *fakeTx) removeBound(s *fakeSet, en fakeEntry) unix.Errno {
	if en.flags&elemIntervalEnd != 0 {
		return 0
	}
	n, found := s.at(en.key)
	if !found {
		return unix.ENOENT
	}
	tx.save(s)
	s.intervals = slices.Delete(s.intervals, n, n+1)
	tx.removed(s, 1)
	return 0
}
