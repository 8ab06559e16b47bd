package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

const pageSize = 1024

// grown makes a file by random changes, and checks it after each of them.
func grown(t testing.TB, seed uint64, steps int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: pageSize, NoSync: true, NoGrowSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same changes each time
	var data []byte
	for step := range steps {
		if err := db.Update(func(tx *bolt.Tx) error { return change(tx, rng) }); err != nil {
			t.Fatal(err)
		}
		if data, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if err := Check(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatalf("seed %d, step %d: %v", seed, step, err)
		}
	}
	return data
}

// change does to a database whatever can be done to one.
func change(tx *bolt.Tx, rng *rand.Rand) error {
	name := fmt.Appendf(nil, "bucket %d", rng.IntN(3))
	b, err := tx.CreateBucketIfNotExists(name)
	if err != nil {
		return err
	}
	key := func() []byte {
		return bytes.Repeat(binary.BigEndian.AppendUint32(nil, rng.Uint32N(3000)), 1+rng.IntN(3))
	}
	switch rng.IntN(12) {
	case 0:
		return tx.DeleteBucket(name)
	case 1: // all of it, one by one
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.First() {
			if v == nil {
				err = b.DeleteBucket(k)
			} else {
				err = c.Delete()
			}
			if err != nil {
				return err
			}
		}
	case 2:
		return b.Put(bytes.Repeat(key(), 200), make([]byte, rng.IntN(100<<10)))
	case 3: // a part of it
		c, n := b.Cursor(), rng.IntN(500)
		for k, v := c.Seek(key()); k != nil && n > 0; k, v = c.Next() {
			n--
			if v != nil {
				if err := b.Delete(bytes.Clone(k)); err != nil {
					return err
				}
			}
		}
	case 4: // a bucket in it
		in, err := b.CreateBucketIfNotExists([]byte("in"))
		if err != nil {
			return err
		}
		for range rng.IntN(40) {
			if err := in.Put(key(), key()); err != nil {
				return err
			}
		}
	default:
		for range rng.IntN(400) {
			if err := b.Put(key(), make([]byte, rng.IntN(60))); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestWhatBboltWritesIsAccepted makes many files, which hold large values, long
// free lists and buckets in buckets.
func TestWhatBboltWritesIsAccepted(t *testing.T) {
	for seed := range uint64(8) {
		grown(t, seed, 50)
	}
}

// TestManyFreePages has more of them than fit into a page header's count.
func TestManyFreePages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: pageSize, NoSync: true, NoGrowSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket([]byte("b"))
			return errors.Join(err, b.Put([]byte("k"), make([]byte, 70_000*pageSize)))
		}),
		db.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("b")) }),
		db.Close())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(f, info.Size()); err != nil {
		t.Error(err)
	}
}

// TestTornWrites leaves a file as a crash in a commit does: the newer meta page
// is not written, or in part, and rubbish lies in pages that are free or beyond
// those in use.
func TestTornWrites(t *testing.T) {
	data := grown(t, 3, 40)
	c := &checker{file: bytes.NewReader(data), size: int64(len(data))}
	m, err := c.chooseMeta()
	if err != nil {
		t.Fatal(err)
	}
	torn := bytes.Clone(data)
	other := torn[(1-int64(m.txid%2))*pageSize:][:pageSize]
	for i := headerLen + 20; i < headerLen+metaLen; i++ {
		other[i] = 0xa5
	}
	for i := int64(m.pages) * pageSize; i < int64(len(torn)); i++ {
		torn[i] = 0xa5
	}
	c.meta, c.taken = m, newBitmap(m.pages)
	if err := c.freelist(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for id := uint64(firstPage); id < m.pages; id++ {
		if c.taken.set(id) {
			continue
		}
		if list := headerOf(data[int64(m.freelist)*pageSize:]); id >= m.freelist && id <= m.freelist+uint64(list.overflow) {
			continue
		}
		n++
		copy(torn[int64(id)*pageSize:], bytes.Repeat([]byte{0x5a}, pageSize))
	}
	if n == 0 {
		t.Fatal("no page is free: this tests nothing")
	}
	if err := Check(bytes.NewReader(torn), int64(len(torn))); err != nil {
		t.Error(err)
	}
}

// TestFlippedBits spoils bits all over a small file. What is accepted then is
// opened, read and written by bbolt.
func TestFlippedBits(t *testing.T) {
	data := grown(t, 1, 4)
	refused := 0
	step := 1 + 8*len(data)/500
	for bit := 0; bit < 8*len(data); bit += step {
		bad := bytes.Clone(data)
		bad[bit/8] ^= 1 << (bit % 8)
		switch err := Check(bytes.NewReader(bad), int64(len(bad))); {
		case err == nil:
			use(t, bad)
		case !errors.Is(err, ErrDamaged):
			t.Fatalf("bit %d: %v", bit, err)
		default:
			refused++
		}
	}
	if refused == 0 {
		t.Error("no flipped bit was noticed")
	}
}

// TestCutFiles are refused, wherever they end below the pages in use.
func TestCutFiles(t *testing.T) {
	data := grown(t, 2, 10)
	c := &checker{file: bytes.NewReader(data), size: int64(len(data))}
	m, err := c.chooseMeta()
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n < int64(m.pages)*pageSize; n += 97 {
		if err := Check(bytes.NewReader(data[:n]), n); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v, want ErrDamaged", n, err)
		}
	}
}

// failing is a disk that has gone bad.
type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, os.ErrPermission }

func TestABadDiskIsNoDamage(t *testing.T) {
	if err := Check(failing{}, 1<<20); !errors.Is(err, os.ErrPermission) || errors.Is(err, ErrDamaged) {
		t.Errorf("Check = %v, want what the disk said", err)
	}
}

// use lets bbolt read all of a file, and write to it.
func use(t *testing.T, data []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			if !known(err) {
				t.Error(err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // the same changes each time
	for range 8 {
		// What bbolt refuses (a value where a bucket should be) is refused.
		_ = db.Update(func(tx *bolt.Tx) error { return change(tx, rng) })
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(bytes.NewReader(after), int64(len(after))); err != nil {
		t.Errorf("what bbolt made of it: %v", err)
	}
}

// known tells whether an error of bbolt's own check is none of ours: of pages that
// nothing refers to, which are lost room and no more, or of a meta page that is
// not whole, which bbolt itself does without.
func known(err error) bool {
	return strings.HasSuffix(err.Error(), "unreachable unfreed") || strings.Contains(err.Error(), "Page expected to be: 0,") ||
		strings.Contains(err.Error(), "Page expected to be: 1,") || strings.HasPrefix(err.Error(), "panic: assertion failed: page 0:") ||
		strings.HasPrefix(err.Error(), "panic: assertion failed: page 1:")
}

// FuzzCheck gives bbolt what is accepted. It must neither crash nor find fault.
func FuzzCheck(f *testing.F) {
	for seed := range uint64(3) {
		data := grown(f, seed, 2)
		c := &checker{file: bytes.NewReader(data), size: int64(len(data))}
		m, err := c.chooseMeta()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:m.pages*pageSize], uint16(0), byte(0)) // without the room to grow
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, with byte) {
		if len(data) > 1<<20 {
			return
		}
		data = bytes.Clone(data)
		if int(at) < len(data) {
			data[at] ^= with
		}
		for _, page := range []int{0, pageSize} { // past the checksums, to what they guard
			if b := data[min(page, len(data)):]; len(b) >= headerLen+metaLen {
				h := fnv.New64a()
				_, _ = h.Write(b[headerLen:][:metaSum])
				binary.NativeEndian.PutUint64(b[headerLen+metaSum:], h.Sum64())
			}
		}
		if err := Check(bytes.NewReader(data), int64(len(data))); err == nil {
			use(t, data)
		} else if !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}
