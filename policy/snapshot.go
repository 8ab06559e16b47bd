package policy

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// A snapshot is a header, records from the one seen longest ago to the one
// seen last, four tables (three of spread and one of logins, see
// snapshot_tables.go), and the CRC-32C of all that; numbers are little-endian.
//
//	header  8 magic with version, 8 start in Unix seconds, 2 unreliable witnesses, 8 secret, 4 records
//	record  1 kind, 8 key, 4 newest, 4 mark, 2 entries, then the entries
//	entry   4 at, 4 user, 2 session, 2 witness, 2 password, 1 flags
//
// Bans and ranks are not in it: the history of bans has them.
const (
	magic     = "smtpblW\x04"
	headerLen = 30
	recordLen = 19
	entryLen  = 15
	sumLen    = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Snapshot writes the failures inside the window, for Load in a later run.
func (e *Engine) Snapshot(w io.Writer) error {
	s := &snapshotWriter{w: w, buf: make([]byte, 0, flushAt+recordLen+entryLen*e.cfg.kept())}
	s.buf = append(s.buf, magic...)
	s.buf = binary.LittleEndian.AppendUint64(s.buf, uint64(e.clock.at0()))
	s.buf = binary.LittleEndian.AppendUint16(s.buf, uint16(e.unreliable))
	s.buf = binary.LittleEndian.AppendUint64(s.buf, e.secret)
	n := 0
	e.eachCounted(func(*record) { n++ })
	s.buf = binary.LittleEndian.AppendUint32(s.buf, uint32(n))
	e.eachCounted(func(r *record) {
		s.buf = appendRecord(s.buf, r, e.load(r))
		s.flush(flushAt)
	})
	s.spread(&e.accounts, e.now)
	s.spread(&e.nets, e.now)
	s.spread(&e.swarms, e.now)
	s.logins(&e.logins, e.now)
	s.flush(1)
	s.buf = binary.LittleEndian.AppendUint32(s.buf, s.sum)
	s.flush(1)
	if s.err != nil {
		return fmt.Errorf("write the window: %w", s.err)
	}
	return nil
}

// at0 is the start in Unix seconds.
func (c *clock) at0() int64 {
	if c.base.IsZero() {
		return 0
	}
	return c.base.Unix()
}

// eachCounted calls f for every record with entries, the oldest first.
func (e *Engine) eachCounted(f func(*record)) {
	for _, l := range append([]list{e.offenders}, e.harmless[:]...) {
		for i := l.back; i != 0; {
			r := e.records.at(i)
			if r.kind() != ofNet && r.n > 0 {
				f(r)
			}
			i = r.prev
		}
	}
}

func appendRecord(b []byte, r *record, x []entry) []byte {
	b = append(b, byte(r.kind()))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.key))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.newest))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.mark))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(x)))
	for _, f := range x {
		b = appendEntry(b, &f)
	}
	return b
}

func appendEntry(b []byte, f *entry) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(f.at))
	b = binary.LittleEndian.AppendUint32(b, uint32(f.user))
	b = binary.LittleEndian.AppendUint16(b, f.session)
	b = binary.LittleEndian.AppendUint16(b, uint16(f.witness))
	b = binary.LittleEndian.AppendUint16(b, uint16(f.password))
	return append(b, byte(f.flags))
}

// entryOf reads what appendEntry wrote, without the time.
func entryOf(b []byte) entry {
	return entry{
		user:     user(binary.LittleEndian.Uint32(b[4:])) & (1<<userBits - 1),
		session:  binary.LittleEndian.Uint16(b[8:]),
		witness:  Witness(binary.LittleEndian.Uint16(b[10:])),
		password: password(binary.LittleEndian.Uint16(b[12:])) & (1<<passwordBits - 1),
		flags:    entryFlags(b[14]) & allEntryFlags,
	}
}

const flushAt = 64 << 10

// snapshotWriter gathers bytes, sums them up and remembers the first error.
type snapshotWriter struct {
	w   io.Writer
	buf []byte
	sum uint32
	err error
}

func (s *snapshotWriter) flush(least int) {
	if len(s.buf) < least || s.err != nil {
		return
	}
	s.sum = crc32.Update(s.sum, castagnoli, s.buf)
	_, s.err = s.w.Write(s.buf)
	s.buf = s.buf[:0]
}
