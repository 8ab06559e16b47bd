package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// spoilt makes a history with two records and lets f change it.
func spoilt(t *testing.T, f func(tx *bolt.Tx) error) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, _ := mustOpen(t, dir)
	err := errors.Join(s.Put([]Record{sample("198.51.100.7/32", "one"), sample("198.51.100.8/32", "two")}), s.db.Update(f), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSchema1IsBroughtForward opens a file from before there were schemas.
func TestSchema1IsBroughtForward(t *testing.T) {
	dir := spoilt(t, func(tx *bolt.Tx) error {
		return errors.Join(tx.Bucket(bucketMeta).Delete(keySchema), tx.DeleteBucket(bucketEvidence), tx.DeleteBucket(bucketEvidenceOf))
	})
	if err := Read(dir, func(*Record) error { return nil }); err != nil {
		t.Errorf("Read of schema 1: %v", err)
	}
	for range 2 { // and again as what it is now
		s, _ := mustOpen(t, dir)
		if n := len(records(t, s)); n != 2 {
			t.Errorf("%d records, want 2", n)
		}
		if err := s.PutEvidence([]Evidence{evidenceOf("198.51.100.7/32", day)}); err != nil {
			t.Error(err)
		}
		err := s.db.View(func(tx *bolt.Tx) error {
			n, err := schemaOf(tx)
			if n != schema {
				t.Errorf("schema is %d, want %d", n, schema)
			}
			return err
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecordsOfVersion1 are read, with their checksum.
func TestRecordsOfVersion1(t *testing.T) {
	r := sample("198.51.100.7/32", "one")
	v := encode(&r)
	v[0] = 1
	v = binary.LittleEndian.AppendUint32(v[:len(v)-4], checksum(nil, v[:len(v)-4]))
	if got, err := decode(r.Layer, encodeKey(r.Prefix), v); err != nil || got != r {
		t.Errorf("got %+v, %v; want %+v", got, err, r)
	}
	v[5] ^= 1
	if _, err := decode(r.Layer, encodeKey(r.Prefix), v); !errors.Is(err, errDamaged) {
		t.Errorf("a spoilt one: %v, want errDamaged", err)
	}
}

// TestWhatANewerProgramWroteStays is the same for a later schema and for records
// that only a later program can read.
func TestWhatANewerProgramWroteStays(t *testing.T) {
	record := func(change func(b []byte)) func(*bolt.Tx) error {
		r := sample("198.51.100.7/32", "one")
		v := encode(&r)
		change(v)
		v = binary.LittleEndian.AppendUint32(v[:len(v)-4], checksum(encodeKey(r.Prefix), v[:len(v)-4]))
		return func(tx *bolt.Tx) error { return tx.Bucket(layerBuckets[0]).Put(encodeKey(r.Prefix), v) }
	}
	for name, f := range map[string]func(tx *bolt.Tx) error{
		"schema":  func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte("3")) },
		"version": record(func(b []byte) { b[0] = recordVersion + 1 }),
		"rule":    record(func(b []byte) { b[1] = byte(len(ruleCodes)) }),
		"step":    record(func(b []byte) { b[2] = byte(len(stepCodes)) }),
	} {
		t.Run(name, func(t *testing.T) {
			dir := spoilt(t, f)
			path := filepath.Join(dir, FileName)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, _, setAside, err := Open(dir)
			if !errors.Is(err, ErrNewer) || setAside != "" {
				t.Errorf("Open = %q, %v; want ErrNewer and nothing set aside", setAside, err)
			}
			if err := Read(dir, func(*Record) error { return nil }); !errors.Is(err, ErrNewer) {
				t.Errorf("Read = %v, want ErrNewer", err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name == "schema" && !bytes.Equal(before, after) {
				t.Error("the file was written to")
			}
		})
	}
	t.Run("rubbish", func(t *testing.T) {
		dir := spoilt(t, func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte("two")) })
		if s, _, setAside, err := Open(dir); err != nil || setAside == "" {
			t.Errorf("Open = %q, %v; want it set aside as damaged", setAside, err)
		} else if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFlippedBits spoils single bits of the file. What is read then is either
// refused or right: no ban is invented, and nothing crashes.
func TestFlippedBits(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	want := map[string]Record{}
	for _, p := range []string{"198.51.100.7/32", "198.51.100.8/32", "2001:db8::/64", "203.0.113.0/24"} {
		r := sample(p, "5 failed logins in 1m0s")
		want[p] = r
		if err := errors.Join(s.Put([]Record{r}), s.PutEvidence([]Evidence{evidenceOf(p, day)})); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // the same bits each time
	asideN := 0
	for range 300 {
		bad := bytes.Clone(good)
		bit := rng.IntN(8 * len(bad))
		bad[bit/8] ^= 1 << (bit % 8)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, FileName), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, _, setAside, err := Open(dir)
		if err != nil {
			t.Fatalf("bit %d: %v", bit, err)
		}
		if setAside != "" {
			asideN++
		}
		for _, r := range records(t, s) {
			if r != want[r.Prefix.String()] {
				t.Fatalf("bit %d made a record %+v", bit, r)
			}
		}
		if _, err := s.Evidence(sample("198.51.100.0/24", "").Prefix, 9); err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("bit %d: Evidence: %v", bit, err)
		}
		// Writing may fail, which the service says and lives with.
		_ = errors.Join(s.Put([]Record{sample("192.0.2.1/32", "")}), s.PutEvidence([]Evidence{evidenceOf("192.0.2.1/32", day)}))
		if err := guarded(s.Close); err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("bit %d: Close: %v", bit, err)
		}
	}
	if asideN == 0 {
		t.Error("no flipped bit was noticed")
	}
}
