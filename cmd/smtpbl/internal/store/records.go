package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/smtpbl/smtpbl/nft"
)

// Each calls f with each record, those of one layer after those of the other
// and in the order of their addresses, until f returns an error. The record is
// used again for the next one.
func (s *Store) Each(f func(*Record) error) error {
	return s.db.View(func(tx *bolt.Tx) error {
		for layer, name := range layerBuckets {
			b := tx.Bucket(name)
			if b == nil {
				continue // a file from before there were layers, opened to be read only
			}
			if err := s.each(b, nft.Layer(layer), f); err != nil {
				return err
			}
		}
		return nil
	})
}

// giveBackEvery is after how many records the pages that were read are given
// back: some 2 MB.
const giveBackEvery = 1 << 14

func (s *Store) each(b *bolt.Bucket, layer nft.Layer, f func(*Record) error) error {
	defer s.giveBack()
	d, n := recordReader{layer: layer}, 0
	return b.ForEach(func(k, v []byte) error {
		if n++; n%giveBackEvery == 0 {
			s.giveBack()
		}
		r, err := d.read(k, v)
		if err != nil {
			return err
		}
		return f(r)
	})
}

// Get returns the record of a ban, and whether there is one.
func (s *Store) Get(k nft.Key) (r Record, ok bool, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		key := encodeKey(k.Prefix)
		b := tx.Bucket(layerBuckets[k.Layer])
		if b == nil {
			return nil
		}
		v := b.Get(key)
		if ok = v != nil; !ok {
			return nil
		}
		r, err = decode(k.Layer, key, v)
		return err
	})
	return r, ok, err
}

// Put writes records, replacing earlier ones of the same prefix and layer. It
// sorts them by their keys: within one transaction bbolt keeps all that goes to
// one page in one sorted list, and moves half of it for each key that comes out
// of order, which takes a minute for 100,000.
func (s *Store) Put(records []Record) error {
	if len(records) == 0 {
		return nil
	}
	slices.SortStableFunc(records, byKey) // of two with one key, the last one counts
	err := s.update(func(tx *bolt.Tx) error {
		for i := range records {
			b := tx.Bucket(layerBuckets[records[i].Layer])
			if err := b.Put(encodeKey(records[i].Prefix), encode(&records[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %d bans to the history: %w", len(records), err)
	}
	return nil
}

func byKey(a, b Record) int {
	x, y := a.Prefix.Addr().As16(), b.Prefix.Addr().As16()
	return cmp.Or(cmp.Compare(a.Layer, b.Layer), bytes.Compare(x[:], y[:]), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
}

// prunePerWrite bounds the memory and the time of one transaction.
const prunePerWrite = 10_000

// Prune removes the records of bans that ended before a time, and returns how
// many there were.
func (s *Store) Prune(before time.Time) (int, error) {
	pruned := 0
	for layer := range layerBuckets {
		for from := []byte(nil); ; {
			n, next, err := s.prune(nft.Layer(layer), from, before)
			pruned += n
			if err != nil {
				return pruned, fmt.Errorf("forget old bans of the history: %w", err)
			}
			if next == nil {
				break
			}
			from = next
		}
	}
	return pruned, nil
}

// prune removes up to prunePerWrite old records of a layer, from a key on, and
// returns the key to go on from, nil at the end.
func (s *Store) prune(layer nft.Layer, from []byte, before time.Time) (n int, next []byte, err error) {
	defer s.giveBack()
	err = s.update(func(tx *bolt.Tx) error {
		b := tx.Bucket(layerBuckets[layer])
		var old [][]byte
		d, c := recordReader{layer: layer}, b.Cursor()
		for k, v := c.Seek(from); k != nil; k, v = c.Next() {
			if len(old) == prunePerWrite {
				next = append([]byte(nil), k...)
				break
			}
			r, err := d.read(k, v)
			if err != nil {
				return err
			}
			if r.Until.Before(before) {
				old = append(old, append([]byte(nil), k...))
			}
		}
		for _, k := range old {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		n = len(old)
		return nil
	})
	return n, next, err
}
