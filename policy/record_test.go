package policy

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestEntryIsPackedWhole packs entries with every field at its limits and in
// between, and wants them back.
func TestEntryIsPackedWhole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	all := entry{farthest, 1<<userBits - 1, 1<<sessionBits - 1, 1<<witnessBits - 1, allEntryFlags}
	cases := []entry{
		{},
		all,
		{at: never},
		{at: all.at},
		{user: all.user},
		{session: all.session},
		{witness: all.witness},
		{flags: all.flags},
	}
	for range 1000 {
		cases = append(cases, entry{
			second(rnd.Uint32()), user(rnd.Uint32()) & all.user, rnd.Uint32() & all.session,
			Witness(rnd.Uint32()), entryFlags(rnd.Uint32()) & allEntryFlags,
		})
	}
	for _, x := range cases {
		if got := x.pack().unpack(); got != x {
			t.Errorf("%+v comes back as %+v", x, got)
		}
	}
}

// TestHashesFit gives names and sessions whose hashes must not spill over.
func TestHashesFit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for range 1000 {
		name := []byte{byte(rnd.Uint32()), byte(rnd.Uint32()), '@', byte(rnd.Uint32())}
		if u := userOf(name); u == 0 || u>>userBits != 0 {
			t.Errorf("user %q is %#x", name, u)
		}
		if s := foldSession(rnd.Uint64()); s == 0 || s>>sessionBits != 0 {
			t.Errorf("session is %#x", s)
		}
	}
}

func TestRecordIsOneCacheLine(t *testing.T) {
	if got := unsafe.Sizeof(record{}); got != 64 {
		t.Errorf("a record has %d bytes", got)
	}
}
