package policy

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func snapshotOf(t testing.TB, e *Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const beforeStop = `
	0s fail 192.0.2.1 n=2 s=4
	0s fail 192.0.2.2 by=auth u=bob
	0s ok   192.0.2.2 u=bob
	1s fail 2001:db8::1
	2s fail 127.0.0.1 n=3`

func TestLoadContinues(t *testing.T) {
	old := New(testConfig, start)
	play(t, old, beforeStop)
	e := New(testConfig, start.Add(10*time.Minute))
	if err := e.Load(bytes.NewReader(snapshotOf(t, old))); err != nil {
		t.Fatal(err)
	}
	got := play(t, e, `
		11m session 192.0.2.1 n=2 s=4
		12m fail 192.0.2.1
		12m fail 2001:db8::2
		12m fail 192.0.2.9 by=auth n=5
		12m fail 127.0.0.1 n=3`)
	want := []string{"12m0s" + ban1, "12m0s ban 2001:db8::/64 rank 1 for 10m0s count 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions after loading (-want +got):\n%s", diff)
	}
	sound(t, e)
}

func TestLoadTwiceIsTheSame(t *testing.T) {
	e := New(testConfig, start)
	play(t, e, beforeStop)
	before := snapshotOf(t, e)
	if err := e.Load(bytes.NewReader(before)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, snapshotOf(t, e)) {
		t.Error("loading what is there changed it")
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	old := New(testConfig, start)
	play(t, old, beforeStop)
	whole := snapshotOf(t, old)
	for i := range whole {
		cut, bent := whole[:i], bytes.Clone(whole)
		bent[i] ^= 1
		for _, b := range [][]byte{cut, bent} {
			e := New(testConfig, start)
			if err := e.Load(bytes.NewReader(b)); err == nil || e.records.len() != 0 || e.unreliable != 0 {
				t.Fatalf("damage at byte %d: error %v, %d records", i, err, e.records.len())
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	e := New(testConfig, start)
	f.Add(snapshotOf(f, e))
	play(&testing.T{}, e, beforeStop)
	f.Add(snapshotOf(f, e))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(b) - sumLen; n > 0 { // past the checksum, to what it guards
			b = binary.LittleEndian.AppendUint32(b[:n:n], crc32.Checksum(b[:n], castagnoli))
		}
		cfg := testConfig
		cfg.MaxTracked = 50
		e := New(cfg, start)
		if err := e.Load(bytes.NewReader(b)); err != nil && e.records.len() != 0 {
			t.Fatal("an error, and yet something was loaded")
		}
		sound(t, e)
		play(t, e, beforeStop)
		sound(t, e)
	})
}
