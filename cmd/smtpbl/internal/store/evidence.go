package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Evidence are the lines that led to a ban.
type Evidence struct {
	Prefix netip.Prefix // what was banned
	At     time.Time    // when
	// Seen is how many lines there were in all, as far as was known.
	Seen int
	// Lines are the last of them as package evidence writes them.
	Lines []byte
}

const (
	// MaxEvidence is how many bytes of lines are kept of one ban.
	MaxEvidence = 4 << 10
	// bansMax is how many bans the history has evidence of: the last ones. With
	// five lines each they take some 25 MB.
	bansMax = 20_000

	evidenceVersion = 1
	numberLen       = 8
)

var (
	// Evidence is numbered in the order in which it comes, so that writing it
	// touches the file's end alone, and the oldest is the first.
	bucketEvidence = []byte("evidence")
	// bucketEvidenceOf finds it: its keys are that of a prefix and the number.
	bucketEvidenceOf = []byte("evidence_of")
)

// PutEvidence writes evidence, and forgets the oldest where there is too much.
// Of a ban that has some it keeps what is there. Where what is there proves
// damaged, all of it is forgotten first.
func (s *Store) PutEvidence(list []Evidence) error {
	put := func(tx *bolt.Tx) error { return putEvidence(tx, list) }
	err := s.update(put)
	if errors.Is(err, errDamaged) {
		err = s.update(func(tx *bolt.Tx) error { return errors.Join(emptyEvidence(tx), put(tx)) })
	}
	if err != nil {
		return fmt.Errorf("write the evidence of %d bans to the history: %w", len(list), err)
	}
	return nil
}

func putEvidence(tx *bolt.Tx, list []Evidence) error {
	lines, of := tx.Bucket(bucketEvidence), tx.Bucket(bucketEvidenceOf)
	for i := range list {
		e := &list[i]
		if len(e.Lines) > MaxEvidence {
			return fmt.Errorf("the lines of %s have %d bytes, more than %d", e.Prefix, len(e.Lines), MaxEvidence)
		}
		if at, ok := lastEvidence(lines, of, e.Prefix); ok && !at.Before(e.At.Truncate(time.Millisecond)) {
			continue // its lines were read again, after a crash
		}
		n, err := lines.NextSequence()
		if err != nil {
			return err
		}
		number := binary.BigEndian.AppendUint64(nil, n)
		if err := errors.Join(lines.Put(number, encodeEvidence(e)), of.Put(append(encodeKey(e.Prefix), number...), nil)); err != nil {
			return err
		}
	}
	return forgetEvidence(lines, of)
}

// lastEvidence returns when the last ban of p that has evidence began.
func lastEvidence(lines, of *bolt.Bucket, p netip.Prefix) (time.Time, bool) {
	key := encodeKey(p)
	c := of.Cursor()
	k, _ := c.Seek(append(key, bytes.Repeat([]byte{0xff}, numberLen)...))
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if len(k) != keyLen+numberLen || !bytes.Equal(k[:keyLen], encodeKey(p)) {
		return time.Time{}, false
	}
	e, err := decodeEvidence(lines.Get(k[keyLen:]))
	return e.At, err == nil
}

// forgetEvidence removes the oldest beyond bansMax. The numbers have no gaps,
// and one that is damaged may lie anywhere: so there is a bound.
func forgetEvidence(lines, of *bolt.Bucket) error {
	k, _ := lines.Cursor().First()
	if len(k) != numberLen || lines.Sequence() < bansMax {
		return nil
	}
	first, last := binary.BigEndian.Uint64(k), lines.Sequence()-bansMax
	for n := first; n <= last && n-first < bansMax; n++ {
		number := binary.BigEndian.AppendUint64(nil, n)
		var err error
		if e, damaged := decodeEvidence(lines.Get(number)); damaged == nil {
			err = of.Delete(append(encodeKey(e.Prefix), number...))
		}
		if err = errors.Join(err, lines.Delete(number)); err != nil {
			return err
		}
	}
	return nil
}

// emptyEvidence forgets all evidence.
func emptyEvidence(tx *bolt.Tx) error {
	for _, name := range [][]byte{bucketEvidence, bucketEvidenceOf} {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

// Evidence returns the evidence of the last bans of p and of what lies in it, at
// most most of them, the latest first. What is damaged is left out. It may be
// called while others write.
func (s *Store) Evidence(p netip.Prefix, most int) ([]Evidence, error) {
	var out []Evidence
	err := s.view(func(tx *bolt.Tx) error {
		lines, of := tx.Bucket(bucketEvidence), tx.Bucket(bucketEvidenceOf)
		if lines == nil || of == nil {
			return nil // a file of schema 1, opened to be read only
		}
		for _, number := range latest(of, p, most) {
			if e, err := decodeEvidence(bytes.Clone(lines.Get(number))); err == nil {
				out = append(out, e)
			}
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("read evidence from the history: %w", err)
	}
	return out, nil
}

// latest returns the highest numbers of what lies in p, at most most of them,
// the highest first. The keys are in the order of the addresses.
func latest(of *bolt.Bucket, p netip.Prefix, most int) [][]byte {
	var found [][]byte
	c := of.Cursor()
	for k, _ := c.Seek(encodeKey(p)[:keyLen-1]); len(k) == keyLen+numberLen; k, _ = c.Next() {
		q, err := decodeKey(k[:keyLen])
		if err != nil || !p.Contains(q.Addr()) {
			break
		}
		if q.Bits() < p.Bits() {
			continue
		}
		i := len(found)
		for i > 0 && bytes.Compare(found[i-1], k[keyLen:]) < 0 {
			i--
		}
		found = append(found[:i], append([][]byte{bytes.Clone(k[keyLen:])}, found[i:]...)...)
		found = found[:min(len(found), most)]
	}
	return found
}

// encodeEvidence lays evidence out as version and key, varints, the lines and a
// CRC-32 of all before it.
func encodeEvidence(e *Evidence) []byte {
	b := make([]byte, 0, 1+keyLen+2*binary.MaxVarintLen64+len(e.Lines)+4)
	b = append(append(b, evidenceVersion), encodeKey(e.Prefix)...)
	b = binary.AppendVarint(b, e.At.UnixMilli())
	b = binary.AppendUvarint(b, uint64(max(e.Seen, 0)))
	b = append(b, e.Lines...)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// decodeEvidence is the reverse of encodeEvidence; the lines are part of b.
func decodeEvidence(b []byte) (Evidence, error) {
	if len(b) < 1+keyLen+2+4 || b[0] != evidenceVersion ||
		crc32.ChecksumIEEE(b[:len(b)-4]) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return Evidence{}, fmt.Errorf("%w: evidence fails its checksum", errDamaged)
	}
	p, err := decodeKey(b[1 : 1+keyLen])
	if err != nil {
		return Evidence{}, err
	}
	d := decoder{b: b[1+keyLen : len(b)-4]}
	e := Evidence{Prefix: p, At: time.UnixMilli(d.varint()), Seen: int(d.uvarint())}
	if e.Lines = d.b; d.failed || e.Seen < 0 || len(e.Lines) > MaxEvidence {
		return Evidence{}, fmt.Errorf("%w: the evidence of %s is cut short", errDamaged, p)
	}
	return e, nil
}
