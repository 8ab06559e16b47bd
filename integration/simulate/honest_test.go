package main

import (
	"slices"
	"testing"
)

// ordinary are the classes of people who do nothing worse than to mistype.
var ordinary = []string{
	"at home, account under attack", "at home", "at home, IPv6", "office", "office where all are new",
	"behind a carrier's NAT", "travelling", "webmail", "forgot the password",
}

// Whoever only mistypes is not kept out, whether his account is attacked or
// not, and all together lose less than two thirds of what they lose without the
// rules. Who travels while his account is attacked is not among them.
func TestOrdinaryPeopleAreNotKeptOut(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		for _, a := range []*attack{nil, attackOf(t, "spread-20")} {
			var lost []float64
			for _, s := range settings(nil)[:2] {
				run := small(s)
				run.seed, run.attack = seed, a
				r := run.play()
				lost = append(lost, r.Honest.HoursLost)
				for _, c := range r.Classes {
					if s.Name == "with" && c.KeptOut > 0 && slices.Contains(ordinary, c.Class) {
						t.Errorf("seed %d, attack %q, %s: %d kept out", seed, r.Attack, c.Class, c.KeptOut)
					}
				}
			}
			if 3*lost[1] > 2*lost[0] {
				t.Errorf("seed %d: %.0f hours are lost, without the rules %.0f", seed, lost[1], lost[0])
			}
		}
	}
}

// A phone with a stale password bans nobody where the server tells hashes.
func TestHashesSpareStalePhones(t *testing.T) {
	run := small(settings(nil)[1])
	run.hashes = true
	for _, c := range run.play().Classes {
		if (c.Class == "office with a stale phone" || c.Class == "stale phone at home") && c.KeptOut > 0 {
			t.Errorf("%s: %d kept out", c.Class, c.KeptOut)
		}
	}
}

// An outage that half of the lines tell as wrong passwords keeps out no
// more people than are kept out anyway.
func TestOutageBansNobody(t *testing.T) {
	run := small(settings(nil)[1])
	before := run.play().Honest
	run.outage = failing()
	if after := run.play().Honest; after.KeptOut > before.KeptOut {
		t.Errorf("%d people are kept out, and %d without the outage", after.KeptOut, before.KeptOut)
	}
	run.setting = settings(nil)[0]
	if without := run.play().Honest; without.KeptOut <= 2*before.KeptOut {
		t.Errorf("without the rule %d people are kept out: this outage proves nothing", without.KeptOut)
	}
}
