package nft

import (
	"time"

	"golang.org/x/sys/unix"
)

// fakeEntry is an element as a message carries it.
type fakeEntry struct {
	key                string
	flags              uint32
	timeout, remaining time.Duration // 0: none given
	Counter
}

// readEntry reads what the set can hold; anything else is EINVAL.
func (s *fakeSet) readEntry(item []byte) (fakeEntry, unix.Errno) {
	el := decodeElement(item)
	en := fakeEntry{
		key:   string(attr(attr(item, unix.NFTA_SET_ELEM_KEY), unix.NFTA_DATA_VALUE)),
		flags: el.flags, timeout: el.timeout, remaining: el.remaining,
		Counter: Counter{Packets: el.packets, Bytes: el.bytes},
	}
	timed := en.timeout > 0 || en.remaining > 0
	if len(en.key) != int(s.spec.keyLen) || timed && s.collects == 0 || en.flags&^elemIntervalEnd != 0 || en.flags != 0 && !s.isInterval() {
		return en, unix.EINVAL
	}
	return en, 0
}

// eachEntry does something with every element of a message until it fails.
func (tx *fakeTx) eachEntry(attributes []byte, do func(*fakeSet, fakeEntry) unix.Errno) unix.Errno {
	_, set, errno := tx.set(attributes)
	if errno != 0 {
		return errno
	}
	for _, item := range attrs(attr(attributes, unix.NFTA_SET_ELEM_LIST_ELEMENTS)) {
		en, errno := set.readEntry(item)
		if errno == 0 {
			errno = do(set, en)
		}
		if errno != 0 {
			return errno
		}
	}
	return 0
}

func (tx *fakeTx) newElements(attributes []byte) unix.Errno {
	return tx.eachEntry(attributes, func(s *fakeSet, en fakeEntry) unix.Errno {
		if s.isInterval() {
			return tx.addBound(s, en)
		}
		el := s.live(en.key, tx.now)
		switch {
		case el == nil:
			return tx.add(s, en)
		case tx.flags&unix.NLM_F_EXCL != 0:
			return unix.EEXIST
		}
		tx.renew(el, en)
		return 0
	})
}

// add adds an element that is not there. What the transaction removed leaves
// room already.
func (tx *fakeTx) add(s *fakeSet, en fakeEntry) unix.Errno {
	if s.full() {
		return unix.ENFILE
	}
	over, ended := s.elements[en.key]
	el := &fakeElement{timeout: en.timeout, Counter: en.Counter}
	tx.time(el, en)
	s.elements[en.key] = el
	s.count++
	if ended {
		s.ended = append(s.ended, over.end)
	}
	tx.did(func() {
		s.count--
		delete(s.elements, en.key)
		if ended {
			s.elements[en.key], s.ended = over, s.ended[:len(s.ended)-1]
		}
	})
	return 0
}

func (s *fakeSet) full() bool {
	return s.spec.size > 0 && s.count-s.removed >= int(s.spec.size)
}

// time sets the end of an element.
func (tx *fakeTx) time(el *fakeElement, en fakeEntry) {
	el.timeout, el.end = en.timeout, time.Time{}
	switch {
	case en.remaining > 0:
		el.end = tx.now.Add(en.remaining)
	case en.timeout > 0:
		el.end = tx.now.Add(en.timeout)
	}
}

// renew adds an element that stands: it takes over another timeout and an
// explicit end, and nothing else (Linux 6.12, nft_add_set_elem).
func (tx *fakeTx) renew(el *fakeElement, en fakeEntry) {
	if tx.kernel.lacks.update || en.timeout == el.timeout && en.remaining == 0 {
		return
	}
	old := *el
	tx.time(el, en)
	tx.did(func() { el.timeout, el.end = old.timeout, old.end })
}

// deleteElements fails for an element that is missing. Without any it empties
// the set.
func (tx *fakeTx) deleteElements(attributes []byte) unix.Errno {
	if attr(attributes, unix.NFTA_SET_ELEM_LIST_ELEMENTS) == nil {
		return tx.flushSet(attributes)
	}
	return tx.eachEntry(attributes, tx.remove)
}

func (tx *fakeTx) destroyElements(attributes []byte) unix.Errno {
	if tx.kernel.lacks.destroy {
		return unix.EINVAL
	}
	return tx.eachEntry(attributes, func(s *fakeSet, en fakeEntry) unix.Errno {
		if errno := tx.remove(s, en); errno != unix.ENOENT {
			return errno
		}
		return 0
	})
}

func (tx *fakeTx) remove(s *fakeSet, en fakeEntry) unix.Errno {
	if s.isInterval() {
		return tx.removeBound(s, en)
	}
	el := s.live(en.key, tx.now)
	if el == nil {
		return unix.ENOENT
	}
	delete(s.elements, en.key)
	tx.removed(s, 1)
	tx.did(func() { s.elements[en.key] = el })
	return 0
}

// removed gives room back when the transaction is committed.
func (tx *fakeTx) removed(s *fakeSet, n int) {
	tx.sets[s] = struct{}{}
	s.removed += n
	tx.did(func() { s.removed -= n })
}

// flushSet removes the elements that have ended as well.
func (tx *fakeTx) flushSet(attributes []byte) unix.Errno {
	_, s, errno := tx.set(attributes)
	if errno != 0 || s.count == s.removed {
		return errno
	}
	if s.isInterval() {
		tx.save(s)
		tx.removed(s, len(s.intervals))
		s.intervals = nil
		return 0
	}
	elements, ended := s.elements, s.ended
	tx.removed(s, len(elements)+len(ended))
	s.elements, s.ended = map[string]*fakeElement{}, nil
	tx.did(func() { s.elements, s.ended = elements, ended })
	return 0
}
