package store

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	bolt "go.etcd.io/bbolt"
)

func evidenceOf(prefix string, at time.Time) Evidence {
	return Evidence{Prefix: netip.MustParsePrefix(prefix), At: at, Seen: 7, Lines: []byte("lines of " + prefix + at.String())}
}

func found(t *testing.T, s *Store, prefix string, most int) []Evidence {
	t.Helper()
	list, err := s.Evidence(netip.MustParsePrefix(prefix), most)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var evidenceOptions = cmpopts.EquateComparable(netip.Prefix{})

func TestEvidenceOfAddressesAndNets(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	all := []Evidence{
		evidenceOf("198.51.100.7/32", day),
		evidenceOf("198.51.100.0/32", day.Add(time.Hour)),
		evidenceOf("198.51.101.7/32", day.Add(2*time.Hour)),
		evidenceOf("2001:db8:bad:1::/64", day),
		evidenceOf("198.51.100.7/32", day.Add(3*time.Hour)),
		evidenceOf("2001:db8:bad:2::/64", day),
	}
	if err := errors.Join(s.PutEvidence(all[:3]), s.PutEvidence(all[3:]), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, _ = mustOpen(t, dir)
	defer s.Close()
	for prefix, want := range map[string][]Evidence{
		"198.51.100.7/32":     {all[4], all[0]},
		"198.51.100.0/32":     {all[1]},
		"198.51.100.0/24":     {all[4], all[1], all[0]},
		"2001:db8:bad::/48":   {all[5], all[3]},
		"2001:db8:bad:1::/64": {all[3]},
		"203.0.113.0/24":      nil,
		"2001:db8:bad:1::/65": nil,
	} {
		if diff := cmp.Diff(want, found(t, s, prefix, 9), evidenceOptions); diff != "" {
			t.Errorf("evidence of %s (-want +got):\n%s", prefix, diff)
		}
	}
	if diff := cmp.Diff(all[4:5], found(t, s, "198.51.100.0/24", 1), evidenceOptions); diff != "" {
		t.Errorf("the latest of the net (-want +got):\n%s", diff)
	}
}

// TestEvidenceThatComesAgain is what a crash between ban and checkpoint leads to.
func TestEvidenceThatComesAgain(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	first := evidenceOf("198.51.100.7/32", day)
	again := first
	again.At = again.At.Add(999 * time.Microsecond) // the file has milliseconds
	if err := errors.Join(s.PutEvidence([]Evidence{first}), s.PutEvidence([]Evidence{again, first})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Evidence{first}, found(t, s, "198.51.100.7/32", 9), evidenceOptions); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

// TestTheOldestEvidenceGoes writes more than there is room for.
func TestTheOldestEvidenceGoes(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	name := func(i int) string { return fmt.Sprintf("10.%d.%d.7/32", i>>8, i&255) }
	var list []Evidence
	for i := range bansMax + 100 {
		list = append(list, Evidence{Prefix: netip.MustParsePrefix(name(i)), At: day, Lines: []byte{1}})
		if len(list) == 5000 || i == bansMax+99 {
			if err := s.PutEvidence(list); err != nil {
				t.Fatal(err)
			}
			list = nil
		}
	}
	for i, want := range map[int]int{0: 0, 99: 0, 100: 1, bansMax + 99: 1} {
		if got := found(t, s, name(i), 1); len(got) != want {
			t.Errorf("ban %d of %d has %d evidence, want %d", i, bansMax+100, len(got), want)
		}
	}
	err := s.db.View(func(tx *bolt.Tx) error {
		for _, b := range [][]byte{bucketEvidence, bucketEvidenceOf} {
			if n := tx.Bucket(b).Stats().KeyN; n != bansMax {
				t.Errorf("%s has %d keys, want %d", b, n, bansMax)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTooMuchEvidenceIsRefused(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	e := evidenceOf("198.51.100.7/32", day)
	e.Lines = []byte(strings.Repeat("x", MaxEvidence+1))
	if err := s.PutEvidence([]Evidence{e}); err == nil {
		t.Error("more lines than MaxEvidence were taken")
	}
}

// TestDamagedEvidence costs itself and nothing else.
func TestDamagedEvidence(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	e := evidenceOf("198.51.100.7/32", day)
	err := errors.Join(s.PutEvidence([]Evidence{e}), s.db.Update(func(tx *bolt.Tx) error {
		number := []byte{0, 0, 0, 0, 0, 0, 0, 1}
		return tx.Bucket(bucketEvidence).Put(number, []byte("rubbish"))
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, "198.51.100.7/32", 9); len(got) != 0 {
		t.Errorf("got %+v of damaged evidence", got)
	}
	e.At = e.At.Add(time.Hour)
	if err := s.PutEvidence([]Evidence{e}); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, "198.51.100.7/32", 9); len(got) != 1 {
		t.Errorf("got %+v, want what came later", got)
	}
}

func FuzzDecodeEvidence(f *testing.F) {
	e := evidenceOf("198.51.100.7/32", day)
	f.Add(encodeEvidence(&e))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, v []byte) {
		got, err := decodeEvidence(v)
		if err != nil {
			return
		}
		again, err := decodeEvidence(encodeEvidence(&got))
		if err != nil || cmp.Diff(got, again, evidenceOptions, cmpopts.EquateEmpty()) != "" {
			t.Fatalf("%+v does not survive: %+v, %v", got, again, err)
		}
	})
}

func FuzzDecodeKey(f *testing.F) {
	f.Add(encodeKey(netip.MustParsePrefix("198.51.100.7/32")))
	f.Add(encodeKey(netip.MustParsePrefix("2001:db8::/48")))
	f.Fuzz(func(t *testing.T, k []byte) {
		p, err := decodeKey(k)
		if err != nil {
			return
		}
		if again, err := decodeKey(encodeKey(p)); err != nil || again != p {
			t.Fatalf("%s does not survive: %s, %v", p, again, err)
		}
	})
}

// BenchmarkPutEvidence writes what a burst of 1000 bans leaves.
func BenchmarkPutEvidence(b *testing.B) {
	s, _, _, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	n := 0
	for b.Loop() {
		var list []Evidence
		for range 1000 {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n * 7 >> 16), byte(n * 7 >> 8), byte(n * 7)}), 32)
			list = append(list, Evidence{Prefix: p, At: day.Add(time.Duration(n) * time.Second), Lines: make([]byte, 1000)})
			n++
		}
		if err := s.PutEvidence(list); err != nil {
			b.Fatal(err)
		}
	}
}
