package store

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	bolt "go.etcd.io/bbolt"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

var day = time.UnixMilli(1_700_000_000_000)

func sample(prefix string, reason string) Record {
	return Record{
		Prefix: netip.MustParsePrefix(prefix), Rule: policy.RuleAuthFail, Step: policy.StepHost,
		Bans: 3, At: day, Until: day.Add(4 * time.Hour), Reason: reason,
	}
}

func mustOpen(t *testing.T, dir string) (*Store, State) {
	t.Helper()
	s, st, setAside, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if setAside != "" {
		t.Fatalf("set aside as %s", setAside)
	}
	return s, st
}

// records returns copies of all records.
func records(t testing.TB, s *Store) []Record {
	t.Helper()
	var out []Record
	err := s.Each(func(r *Record) error {
		out = append(out, *r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func byPrefix(a, b Record) bool {
	return a.Key().Set()+a.Prefix.String() < b.Key().Set()+b.Prefix.String()
}

func TestWhatIsPutIsReadBack(t *testing.T) {
	dir := t.TempDir()
	s, st := mustOpen(t, dir)
	if len(records(t, s)) != 0 || st.Window != nil || st.Snapshot != nil || st.Positions != nil {
		t.Fatalf("a new store is not empty: %+v", st)
	}
	want := []Record{
		sample("198.51.100.7/32", "5 failed logins in 1m0s"),
		sample("198.51.100.0/24", ""),
		sample("2001:db8:bad::/48", "5 banned hosts"),
		{Layer: nft.LayerManual, Prefix: netip.MustParsePrefix("198.51.100.7/32"), Rule: policy.RuleManual, At: day, Step: policy.StepHost, Until: day.Add(time.Hour), Reason: "by hand too"},
		{Layer: nft.LayerManual, Prefix: netip.MustParsePrefix("203.0.113.0/27"), Rule: policy.RuleManual, Step: policy.StepNet, At: day, Until: day.Add(time.Hour), Reason: "by hand"},
		{Layer: nft.LayerAll, Prefix: netip.MustParsePrefix("198.51.100.7/32"), Rule: policy.RulePersist, Step: policy.StepAll, Bans: 2, At: day, Until: day.Add(2 * time.Hour), Reason: "8 failed logins"},
	}
	if err := s.Put(want); err != nil {
		t.Fatal(err)
	}
	places := []ingest.Position{{Source: "/var/log/mail.log", Fingerprint: 7, FingerprintLen: 1024, Offset: 99}}
	if err := s.Checkpoint(places, mustSave(t, s, "window")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, st = mustOpen(t, dir)
	defer s.Close()
	if diff := cmp.Diff(want, records(t, s), cmpopts.SortSlices(byPrefix), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(places, st.Positions); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	if got := mustRead(t, s, &st); got != "window" {
		t.Errorf("the window is %q", got)
	}
}

// TestFilesFromBeforeTheLayers opens a file that has no bucket for a layer.
func TestFilesFromBeforeTheLayers(t *testing.T) {
	for _, layer := range []nft.Layer{nft.LayerManual, nft.LayerAll} {
		t.Run(string(layerBuckets[layer]), func(t *testing.T) { testFileWithout(t, layer) })
	}
}

func testFileWithout(t *testing.T, layer nft.Layer) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	old := sample("198.51.100.7/32", "5 failed logins")
	old.Rule = policy.RuleManual
	err := errors.Join(s.Put([]Record{old}), s.db.Update(func(tx *bolt.Tx) error {
		return tx.DeleteBucket(layerBuckets[layer])
	}), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	var read []Record
	err = Read(dir, func(r *Record) error {
		read = append(read, *r)
		return nil
	})
	if err != nil || len(read) != 1 || read[0] != old {
		t.Errorf("Read = %+v, %v; want %+v", read, err, old)
	}
	s, _ = mustOpen(t, dir)
	defer s.Close()
	if got := records(t, s); len(got) != 1 || got[0] != old {
		t.Errorf("Open read %+v, want %+v", got, old)
	}
	other := old
	other.Layer, other.Bans = layer, 0
	if err := s.Put([]Record{other}); err != nil {
		t.Error(err)
	}
}

// TestPrune has more old records than one transaction removes, in both layers
// and mixed with others that stay.
func TestPrune(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	var all []Record
	var want []Record
	for i := range 2*prunePerWrite + 7 {
		addr := netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
		r := sample(netip.PrefixFrom(addr, 32).String(), "")
		r.Layer = nft.Layer(i % 2)
		if i%10 == 0 {
			r.Until = day
			want = append(want, r)
		} else {
			r.Until = day.Add(-time.Millisecond)
		}
		all = append(all, r)
	}
	if err := s.Put(all); err != nil {
		t.Fatal(err)
	}
	n, err := s.Prune(day)
	if err != nil || n != len(all)-len(want) {
		t.Errorf("Prune = %d, %v; want %d", n, err, len(all)-len(want))
	}
	if diff := cmp.Diff(want, records(t, s), cmpopts.SortSlices(byPrefix), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestGet(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	byHand := sample("198.51.100.7/32", "by hand")
	byHand.Layer = nft.LayerManual
	if err := s.Put([]Record{byHand}); err != nil {
		t.Fatal(err)
	}
	if r, ok, err := s.Get(byHand.Key()); err != nil || !ok || r != byHand {
		t.Errorf("Get = %+v, %v, %v", r, ok, err)
	}
	if r, ok, err := s.Get(nft.Key{Prefix: byHand.Prefix}); err != nil || ok {
		t.Errorf("Get of another layer = %+v, %v, %v", r, ok, err)
	}
}

func TestEachStopsAtAnError(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	byHand := sample("198.51.100.8/32", "")
	byHand.Layer = nft.LayerManual
	if err := s.Put([]Record{sample("198.51.100.7/32", ""), sample("198.51.100.8/32", ""), byHand}); err != nil {
		t.Fatal(err)
	}
	stop, n := errors.New("stop"), 0
	err := s.Each(func(*Record) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("Each = %v after %d records", err, n)
	}
}

func TestSecondOpenIsLocked(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	defer s.Close()
	if _, _, _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	if err := Read(dir, func(*Record) error { return nil }); !errors.Is(err, ErrLocked) {
		t.Errorf("Read beside a writer: %v, want ErrLocked", err)
	}
}

// TestDamage spoils the file in many ways. Each must be answered with an empty
// store and the old file set aside, never with a crash or with records that
// are not those that were put.
func TestDamage(t *testing.T) {
	build := func(t *testing.T) (dir, path string) {
		dir = t.TempDir()
		s, _ := mustOpen(t, dir)
		for i := range 3 {
			var records []Record
			for j := range 300 {
				addr := netip.AddrFrom4([4]byte{198, byte(i), byte(j >> 8), byte(j)})
				records = append(records, sample(netip.PrefixFrom(addr, 32).String(), "x"))
			}
			if err := s.Put(records); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return dir, filepath.Join(dir, FileName)
	}
	spoil := map[string]func(b []byte) []byte{
		"no database":       func([]byte) []byte { return []byte("this is a text file, not a database\n") },
		"zeros":             func(b []byte) []byte { return make([]byte, len(b)) },
		"cut in the middle": func(b []byte) []byte { return b[:len(b)/2] },
		"cut to one page":   func(b []byte) []byte { return b[:4096] },
		"data pages overwritten": func(b []byte) []byte {
			for i := 2 * 4096; i < len(b); i++ {
				b[i] = 0xa5
			}
			return b
		},
	}
	for name, f := range spoil {
		t.Run(name, func(t *testing.T) {
			dir, path := build(t)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f(data), 0o600); err != nil {
				t.Fatal(err)
			}
			s, _, setAside, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if n := len(records(t, s)); setAside == "" || n != 0 {
				t.Fatalf("set aside as %q with %d records; want a new name and none", setAside, n)
			}
			if _, err := os.Stat(setAside); err != nil {
				t.Errorf("the damaged file is gone: %v", err)
			}
			if err := s.Put([]Record{sample("192.0.2.1/32", "")}); err != nil {
				t.Errorf("the new store does not take records: %v", err)
			}
		})
	}
}

// TestAFileThatIsTakenAway is written to no more: it would look well, and be
// gone at the next start.
func TestAFileThatIsTakenAway(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, dir)
	defer s.Close()
	path := filepath.Join(dir, FileName)
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put([]Record{sample("198.51.100.7/32", "")}); !errors.Is(err, errGone) {
		t.Errorf("Put without a file: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(nil, mustSave(t, s, "window")); !errors.Is(err, errGone) {
		t.Errorf("Checkpoint beside another file: %v", err)
	}
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
	if err := s.Put([]Record{sample("198.51.100.7/32", "")}); err != nil {
		t.Errorf("Put with the file back: %v", err)
	}
}

func TestUnwritablePlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, setAside, err := Open(filepath.Join(file, "state"))
	if err == nil || errors.Is(err, errDamaged) || setAside != "" {
		t.Errorf("Open below a file: %v, %q; want an error that is no damage", err, setAside)
	}
}

func FuzzDecode(f *testing.F) {
	r := sample("198.51.100.7/32", "5 failed logins")
	f.Add(encodeKey(r.Prefix), encode(&r))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, k, v []byte) {
		got, err := decode(nft.LayerManual, k, v)
		if err != nil {
			return
		}
		again, err := decode(nft.LayerManual, encodeKey(got.Prefix), encode(&got))
		if err != nil || again != got {
			t.Fatalf("%+v does not survive: %+v, %v", got, again, err)
		}
	})
}

func TestRecordsSurviveEncoding(t *testing.T) {
	long := sample("198.51.100.7/32", string(make([]byte, maxReason+5)))
	got, err := decode(nft.LayerPolicy, encodeKey(long.Prefix), encode(&long))
	if err != nil {
		t.Fatal(err)
	}
	long.Reason = long.Reason[:maxReason]
	if got != long {
		t.Errorf("got %+v, want %+v", got, long)
	}
	for _, text := range []string{"0.0.0.0/8", "255.255.255.255/32", "::/16", "2001:db8::1/128", "::ffff:0:0/96"} {
		p := netip.MustParsePrefix(text)
		got, err := decodeKey(encodeKey(p))
		if text == "::ffff:0:0/96" {
			continue // v4-mapped prefixes are never banned as such
		}
		if err != nil || got != p {
			t.Errorf("key of %s comes back as %s, %v", p, got, err)
		}
	}
}

func TestEachRuleSurvivesEncoding(t *testing.T) {
	for _, rule := range policy.Rules {
		want := sample("198.51.100.7/32", "text")
		want.Rule = rule
		got, err := decode(nft.LayerPolicy, encodeKey(want.Prefix), encode(&want))
		if err != nil || got.Rule != rule {
			t.Errorf("rule %s comes back as %s, %v", rule, got.Rule, err)
		}
	}
}

// TestPutSortsByKey, because bbolt is slow with many keys out of order.
func TestPutSortsByKey(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir())
	defer s.Close()
	byHand := sample("192.0.2.1/32", "")
	byHand.Layer = nft.LayerManual
	put := []Record{
		byHand, sample("2001:db8::/64", ""), sample("198.51.100.7/32", "first"), sample("198.51.100.0/32", ""),
		sample("198.51.100.0/24", ""), sample("198.51.100.7/32", "last"),
	}
	if err := s.Put(put); err != nil {
		t.Fatal(err)
	}
	var order []string
	for i := range put {
		order = append(order, put[i].Prefix.String()+put[i].Reason)
	}
	want := []string{"198.51.100.0/24", "198.51.100.0/32", "198.51.100.7/32first", "198.51.100.7/32last", "2001:db8::/64", "192.0.2.1/32"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	r, _, err := s.Get(nft.Key{Layer: nft.LayerPolicy, Prefix: netip.MustParsePrefix("198.51.100.7/32")})
	if err != nil || r.Reason != "last" {
		t.Errorf("of two records with one key, %q stands, %v", r.Reason, err)
	}
}

// BenchmarkPut100k writes them in the order in which the saver has them: none.
func BenchmarkPut100k(b *testing.B) {
	s, _, _, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var records []Record
	for i := range 100_000 {
		records = append(records, sample(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32).String(), "text"))
	}
	for b.Loop() {
		rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if err := s.Put(records); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut1000(b *testing.B) {
	s, _, _, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var records []Record
	for i := range 1000 {
		records = append(records, sample(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32).String(), "5 failed logins in 1m0s"))
	}
	for b.Loop() {
		if err := s.Put(records); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen100k(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 100_000)
	for b.Loop() {
		s, _, _, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
