package store

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	bolt "go.etcd.io/bbolt"
)

func wantPardons(t *testing.T, got, want map[netip.Prefix]time.Time, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	opt := cmpopts.EquateComparable(netip.Prefix{})
	if diff := cmp.Diff(want, got, opt, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("pardons (-want +got):\n%s", diff)
	}
}

func TestPardons(t *testing.T) {
	dir := t.TempDir()
	s, _, _, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	none, err := s.Pardons() // of a file that knows no pardons
	wantPardons(t, none, nil, err)
	host, net6 := netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("2001:db8::/32")
	until := time.UnixMilli(1_790_000_000_123)
	for _, ends := range []map[netip.Prefix]time.Time{{host: until, net6: until.Add(time.Hour)}, {host: until.Add(time.Minute)}, nil} {
		if err := s.PutPardons(ends); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadPardons(dir)
	wantPardons(t, got, map[netip.Prefix]time.Time{host: until.Add(time.Minute), net6: until.Add(time.Hour)}, err)
	s, _, _, err = Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutPardons(map[netip.Prefix]time.Time{net6: {}, netip.MustParsePrefix("192.0.2.1/32"): {}}); err != nil {
		t.Fatal(err)
	}
	got, err = s.Pardons()
	wantPardons(t, got, map[netip.Prefix]time.Time{host: until.Add(time.Minute)}, err)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPardons(t.TempDir()); err == nil {
		t.Error("a history that is not there has pardons")
	}
}

// TestADamagedPardonIsReported, and the others count.
func TestADamagedPardonIsReported(t *testing.T) {
	s, _, _, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	host, until := netip.MustParsePrefix("198.51.100.7/32"), time.UnixMilli(1_790_000_000_000)
	if err := s.PutPardons(map[netip.Prefix]time.Time{host: until}); err != nil {
		t.Fatal(err)
	}
	err = s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketPardons)
		return errors.Join(b.Put(encodeKey(netip.MustParsePrefix("192.0.2.1/32")), []byte{1, 2, 3}), b.Put([]byte("short"), encodePardon(until)))
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Pardons()
	if !errors.Is(err, errDamaged) {
		t.Errorf("damage is told as %v", err)
	}
	wantPardons(t, got, map[netip.Prefix]time.Time{host: until}, nil)
}

func FuzzDecodePardon(f *testing.F) {
	f.Add(encodeKey(netip.MustParsePrefix("198.51.100.0/24")), encodePardon(time.UnixMilli(1_790_000_000_000)))
	f.Fuzz(func(t *testing.T, k, v []byte) {
		p, until, err := decodePardon(k, v)
		if err == nil && (!p.IsValid() || p != p.Masked() || until.IsZero()) {
			t.Errorf("pardon of %v until %v", p, until)
		}
	})
}
