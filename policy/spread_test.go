package policy

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// TestSpreadIsNearTheTruth compares estimates with exact counts of what
// happened in the last seven eighths of the window and in all of it.
func TestSpreadIsNearTheTruth(t *testing.T) {
	const window = 800
	rnd := rand.New(rand.NewPCG(1, 1))
	s := newSpread(1, window, 1)
	last := map[uint64]second{}
	off := 0
	for n := range 20_000 {
		now := second(n)
		if thing := rnd.Uint64N(1 + uint64(n/200)%40); n%3 == 0 {
			last[thing] = now
			s.meet(7, thing, now)
		}
		least, most := 0, 0
		for _, at := range last {
			if now.since(at) < window*7/8 {
				least++
			}
			if now.since(at) < window {
				most++
			}
		}
		got := s.met(7, now)
		if got > 2*most+2 || got < least/2-2 {
			t.Fatalf("at %d: %d things are told, there were %d to %d", n, got, least, most)
		}
		if got > most+max(most/4, 2) || got < least-max(least/4, 2) {
			off++
		}
	}
	if off > 2000 {
		t.Errorf("%d of 20000 estimates are off by more than a quarter", off)
	}
}

// TestAFloodCannotPushOutAnAttackedAccount fills the table with new accounts
// many times over.
func TestAFloodCannotPushOutAnAttackedAccount(t *testing.T) {
	s := newSpread(1000, 86400, 1)
	for net := range uint64(8) {
		s.meet(1, net, 0)
	}
	for id := range uint64(300_000) {
		s.meet(1000+id, id, second(id/100))
		if id%10_000 == 0 { // the attack goes on
			s.meet(1, id%8, second(id/100))
		}
	}
	if got := s.met(1, 3000); got < 6 {
		t.Errorf("%d nets are told to try the account, want about 8", got)
	}
}

func TestWhoStoodOutMakesRoomInTheEnd(t *testing.T) {
	s := newSpread(1, 86400, 1)
	for id := range uint64(ways) {
		for net := range uint64(4) {
			s.meet(id, net, 0)
		}
	}
	for id := range uint64(100) {
		s.meet(1000+id, 1, 1)
	}
	found := 0
	for id := range uint64(100) {
		found += s.met(1000+id, 1)
	}
	if found == 0 {
		t.Error("accounts that nobody tries any more keep all others out")
	}
}

// TestOneUserCannotPushOutAnother logs one user in from very many addresses.
func TestOneUserCannotPushOutAnother(t *testing.T) {
	p := newPairs(10_000, 1000, 1)
	ann, eve := userOf([]byte("ann")), userOf([]byte("eve"))
	if p.room(ann) == p.room(eve) {
		t.Fatal("the test needs other names")
	}
	p.add(1, ann, 0)
	for k := range key(100_000) {
		p.add(1000+k, eve, second(k/1000))
	}
	if !p.known(1, ann, 500) || p.known(1, ann, 1000) || p.known(2, ann, 500) || p.known(1, eve, 500) {
		t.Error("ann is known at 1 until 1000, and nobody elsewhere")
	}
	if !p.known(100_999, eve, 500) || p.known(1000, eve, 500) {
		t.Error("of eve's many places the latest are known")
	}
}

// TestLoadContinuesWhatIsSpread stops between an attack from many nets and
// a login from another one.
func TestLoadContinuesWhatIsSpread(t *testing.T) {
	cfg := rungs
	cfg.SoftThreshold4, cfg.AccountNets, cfg.NetAccounts, cfg.KnownThreshold, cfg.KnownFor = 0, 2, 2, 9, time.Hour
	old := New(cfg, start)
	play(t, old, `
		0s fail 192.0.2.1 u=bob
		1s fail 198.51.100.1 u=bob
		2s fail 203.0.113.1 u=bob
		3s fail 10.0.1.1 u=bob
		4s fail 10.0.2.1 u=bob
		5s ok 10.9.0.1 u=ann
		6s ok 10.9.0.1 u=bob`)
	const after = `
		30m fail 10.0.3.1 n=2 u=bob
		31m fail 10.9.0.1 n=7 u=ann
		32m fail 10.9.0.1 u=bob`
	e := New(cfg, start.Add(10*time.Minute))
	if err := e.Load(bytes.NewReader(snapshotOf(t, old))); err != nil {
		t.Fatal(err)
	}
	want := playTelling(t, old, after, tellSteps)
	if got := playTelling(t, e, after, tellSteps); len(want) != 1 || len(got) != 1 || got[0] != want[0] {
		t.Errorf("decided %q after a restart, %q without; want one ban each", got, want)
	}
}

// TestNobodyCanChooseNotToBeCounted lets nets meet an account that a table of
// another secret would take for one.
func TestNobodyCanChooseNotToBeCounted(t *testing.T) {
	known, s := newSpread(1, 800, 1), newSpread(1, 800, 2)
	for thing := range uint64(40 * things) {
		if known.bit(thing) == 1 {
			s.meet(1, thing, 0)
			known.meet(1, thing, 0)
		}
	}
	if got := known.met(1, 0); got != 1 {
		t.Fatalf("%d things are told where the choice was right", got)
	}
	if got := s.met(1, 0); got < 20 {
		t.Errorf("%d things are told, there were about 40", got)
	}
}
