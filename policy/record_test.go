package policy

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"unsafe"
)

// TestEntryIsPackedWhole packs entries with every field at its limits and in
// between, and wants them back.
func TestEntryIsPackedWhole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	const newest, oldest = 1000, 1000 - maxAge
	all := entry{newest, 1<<userBits - 1, 1<<16 - 1, 1<<16 - 1, 1<<passwordBits - 1, allEntryFlags}
	cases := []entry{
		{},
		all,
		{at: oldest},
		{at: newest},
		{user: all.user},
		{session: all.session},
		{witness: all.witness},
		{password: all.password},
		{flags: all.flags},
	}
	for range 1000 {
		cases = append(cases, entry{
			oldest + second(rnd.IntN(maxAge+1)), user(rnd.Uint32()) & all.user, uint16(rnd.Uint32()),
			Witness(rnd.Uint32()), password(rnd.Uint32()) & all.password, entryFlags(rnd.Uint32()) & allEntryFlags,
		})
	}
	for _, x := range cases {
		var p packed
		var got entry
		x.pack(&p, newest)
		if p.unpack(&got, newest); got != x {
			t.Errorf("%+v comes back as %+v", x, got)
		}
	}
}

func userOf(text []byte) user { return nameOf(text, 0).user }

// TestNobodyCanChooseAUser looks for a name that is taken for another's by one
// Engine, and asks another.
func TestNobodyCanChooseAUser(t *testing.T) {
	victim, same := []byte("bob@victim.example"), 0
	for n := range 200_000 {
		chosen := []byte("bob@evil" + strconv.Itoa(n) + ".example")
		if nameOf(chosen, 1).user != nameOf(victim, 1).user {
			continue
		}
		if same++; nameOf(chosen, 2).user == nameOf(victim, 2).user && nameOf(chosen, 3).user == nameOf(victim, 3).user {
			t.Errorf("%s is the same by any secret", chosen)
		}
	}
	if same == 0 {
		t.Error("no name is taken for another's: the test is too tame")
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
		if s := foldSession(rnd.Uint64()); s == 0 {
			t.Error("a session became none")
		}
		if p := foldPassword(rnd.Uint32() | 1<<24); p == 0 || p>>passwordBits != 0 {
			t.Errorf("password is %#x", p)
		}
	}
}

// TestPasswordsOfTwelveBitsStayApart covers all that Dovecot tells unless it is
// told otherwise. The last has to share: its place is taken.
func TestPasswordsOfTwelveBitsStayApart(t *testing.T) {
	for p := range uint32(vague) {
		if got := foldPassword(p); uint32(got) != p {
			t.Errorf("password %#x became %#x", p, got)
		}
	}
	if got := foldPassword(uint32(vague)); got != vague-1 {
		t.Errorf("the last password became %#x", got)
	}
}

func TestRecordIsOneCacheLine(t *testing.T) {
	if got := unsafe.Sizeof(record{}); got != 64 {
		t.Errorf("a record has %d bytes", got)
	}
}
