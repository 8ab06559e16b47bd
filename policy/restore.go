package policy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"
)

var (
	errNoSnapshot = errors.New("not a window of this version")
	errDamaged    = errors.New("the window is damaged")
)

// Load adds the failures that Snapshot wrote. An input that is not whole is
// an error and changes nothing. Of more records than MaxTracked the ones seen
// last stay. What was restored before keeps its bans and ranks.
func (e *Engine) Load(r io.Reader) error {
	most := max(e.cfg.MaxTracked, defaultMaxTracked)
	perKey := recordLen + (ownLen+chunkLen)*entryLen + 3*subjectLen/8 + loginLen
	limit := int64(headerLen + sumLen + 4*tableLen + most*perKey)
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("read the window: %w", err)
	}
	if int64(len(b)) > limit {
		return fmt.Errorf("read the window: longer than %d bytes", limit)
	}
	if err := check(b); err != nil {
		return fmt.Errorf("read the window: %w", err)
	}
	start := time.Unix(int64(binary.LittleEndian.Uint64(b[8:])), 0)
	shift := int64(e.clock.at(start))
	e.unreliable |= Witness(binary.LittleEndian.Uint16(b[16:])) &^ (WitnessMTA | WitnessLogin | WitnessPAM | WitnessPolicy)
	if secret := binary.LittleEndian.Uint64(b[18:]); secret != e.secret {
		e.secret = secret
		e.remember()
	}
	n := binary.LittleEndian.Uint32(b[26:])
	for b = b[headerLen : len(b)-sumLen]; n > 0; n-- {
		b = e.loadRecord(b, shift)
	}
	e.loadTables(b, shift)
	return nil
}

func (e *Engine) loadTables(b []byte, shift int64) {
	r := &tableReader{b: b}
	for _, s := range []*spread{&e.accounts, &e.nets, &e.swarms} {
		r.spread(func(places, eighth uint32, x *stored) { s.load(places, eighth, x, shift) })
	}
	r.logins(func(rooms, room uint32, l login) { e.logins.load(rooms, room, l, shift) })
}

// check tells whether b is a whole snapshot whose records fill it exactly.
func check(b []byte) error {
	if len(b) < headerLen+sumLen || string(b[:len(magic)]) != magic {
		return errNoSnapshot
	}
	body := b[:len(b)-sumLen]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(body):]) {
		return errDamaged
	}
	left := binary.LittleEndian.Uint32(b[26:])
	for body = body[headerLen:]; left > 0; left-- {
		if len(body) < recordLen || kind(body[0]) != ofHost && kind(body[0]) != ofSpared {
			return errDamaged
		}
		size := recordLen + entryLen*int(binary.LittleEndian.Uint16(body[17:]))
		if len(body) < size {
			return errDamaged
		}
		body = body[size:]
	}
	r := &tableReader{b: body}
	for range 3 {
		r.spread(func(uint32, uint32, *stored) {})
	}
	r.logins(func(uint32, uint32, login) {})
	if r.failed != nil || len(r.b) > 0 {
		return errDamaged
	}
	return nil
}

// loadRecord takes the first record of b and returns the rest.
func (e *Engine) loadRecord(b []byte, shift int64) []byte {
	moved := func(b []byte) second {
		s := second(binary.LittleEndian.Uint32(b))
		if s == never {
			return never
		}
		return clamp(int64(s) + shift)
	}
	k, of, newest := key(binary.LittleEndian.Uint64(b[1:])), kind(b[0]), moved(b[9:])
	mark, n := moved(b[13:]), int(binary.LittleEndian.Uint16(b[17:]))
	b = b[recordLen:]
	x := e.scratch[:0]
	for range n {
		f := entryOf(b)
		f.at = moved(b)
		x = append(x, f)
		b = b[entryLen:]
	}
	slices.SortStableFunc(x, func(f, g entry) int { return int(min(max(f.at.since(g.at), -1), 1)) })
	i := e.track(k, of, newest, 0)
	r := e.records.at(i)
	if r.newest = newest; r.flags&everywhere == 0 {
		r.mark = mark // else the ban that was restored knows better
	}
	e.save(i, x)
	e.touch(i)
	return b
}
