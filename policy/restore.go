package policy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

var (
	errNoSnapshot = errors.New("not a window of this version")
	errDamaged    = errors.New("the window is damaged")
)

// Load adds the failures that Snapshot wrote. It reads them twice: an input that
// is not whole is an error and changes nothing. Of more records than MaxTracked
// the ones seen last stay. What was restored before keeps its bans and ranks.
func (e *Engine) Load(in io.ReadSeeker) error {
	r, err := readSnapshot(in)
	if err == nil {
		err = r.check(in)
	}
	if err == nil {
		r, err = readSnapshot(in)
	}
	if err == nil {
		e.loadAll(r)
		err = r.failed // only where in changed meanwhile
	}
	if err != nil {
		return fmt.Errorf("read the window: %w", err)
	}
	return nil
}

// loadAll loads a snapshot that was checked.
func (e *Engine) loadAll(r *snapshotReader) {
	h := r.header()
	if r.failed != nil {
		return
	}
	shift := int64(e.clock.at(time.Unix(h.start, 0)))
	e.unreliable |= h.unreliable &^ (WitnessMTA | WitnessLogin | WitnessPAM | WitnessPolicy)
	if h.secret != e.secret {
		e.secret = h.secret
		e.remember()
	}
	for n := h.records; n > 0 && r.failed == nil; n-- {
		e.loadRecord(r, shift)
	}
	for _, s := range []*spread{&e.accounts, &e.nets, &e.swarms} {
		r.spread(func(places, eighth uint32, x *stored) { s.load(places, eighth, x, shift) })
	}
	r.logins(func(rooms, room uint32, l login) { e.logins.load(rooms, room, l, shift) })
}

// loadRecord loads the next record, whose seconds lie shift before ours.
func (e *Engine) loadRecord(r *snapshotReader, shift int64) {
	moved := func(b []byte) second {
		s := second(binary.LittleEndian.Uint32(b))
		if s == never {
			return never
		}
		return clamp(int64(s) + shift)
	}
	b := r.take(recordLen)
	k, of, newest := key(binary.LittleEndian.Uint64(b[1:])), kind(b[0]), moved(b[9:])
	mark, n := moved(b[13:]), int(binary.LittleEndian.Uint16(b[17:]))
	x := e.scratch[:0]
	for range n {
		b := r.take(entryLen)
		f := entryOf(b)
		f.at = moved(b)
		x = append(x, f)
	}
	if r.failed != nil {
		return
	}
	slices.SortStableFunc(x, func(f, g entry) int { return int(min(max(f.at.since(g.at), -1), 1)) })
	i := e.track(k, of, newest, 0)
	rec := e.records.at(i)
	if rec.newest = newest; !rec.banned(newest) {
		rec.mark = mark // else the ban that was restored knows better
	}
	e.save(i, x)
	e.touch(i)
}
