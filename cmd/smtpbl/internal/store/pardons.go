package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	bolt "go.etcd.io/bbolt"
)

// bucketPardons holds prefixes that were unbanned by hand for a while, with the
// ends of that while. A file of an earlier version has none.
var bucketPardons = []byte("pardons")

const pardonVersion = 1

// Pardons returns the pardons with their ends, also those that are over. What
// is damaged is left out and reported beside the rest.
func (s *Store) Pardons() (map[netip.Prefix]time.Time, error) {
	out := map[netip.Prefix]time.Time{}
	var faults []error
	err := s.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketPardons)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			p, until, err := decodePardon(k, v)
			if err != nil {
				faults = append(faults, err)
				return nil
			}
			out[p] = until
			return nil
		})
	})
	if err = errors.Join(append(faults, err)...); err != nil {
		return out, fmt.Errorf("read the pardons: %w", err)
	}
	return out, nil
}

// PutPardons writes ends of pardons; a zero one takes the pardon out.
func (s *Store) PutPardons(ends map[netip.Prefix]time.Time) error {
	if len(ends) == 0 {
		return nil
	}
	err := s.update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketPardons)
		if err != nil {
			return err
		}
		for p, until := range ends {
			if until.IsZero() {
				err = b.Delete(encodeKey(p))
			} else {
				err = b.Put(encodeKey(p), encodePardon(until))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %d pardons to the history: %w", len(ends), err)
	}
	return nil
}

// ReadPardons returns the pardons of the history in dir, which stays as it is.
// Where the service has it open, ErrLocked is returned.
func ReadPardons(dir string) (out map[netip.Prefix]time.Time, err error) {
	err = Ask(dir, func(s *Store) error {
		out, err = s.Pardons()
		return err
	})
	return out, err
}

// encodePardon lays an end out as version, Unix milliseconds as a varint, and a
// CRC-32 of both.
func encodePardon(until time.Time) []byte {
	b := binary.AppendVarint([]byte{pardonVersion}, until.UnixMilli())
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func decodePardon(k, v []byte) (netip.Prefix, time.Time, error) {
	p, err := decodeKey(k)
	if err != nil {
		return p, time.Time{}, err
	}
	if len(v) < 6 || crc32.ChecksumIEEE(v[:len(v)-4]) != binary.LittleEndian.Uint32(v[len(v)-4:]) {
		return p, time.Time{}, fmt.Errorf("%w: the pardon of %s fails its checksum", errDamaged, p)
	}
	d := decoder{b: v[1 : len(v)-4]}
	until := time.UnixMilli(d.varint())
	if v[0] != pardonVersion || d.failed {
		return p, time.Time{}, fmt.Errorf("%w: the pardon of %s is of another version", errDamaged, p)
	}
	return p, until, nil
}
