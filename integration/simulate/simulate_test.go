package main

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/smtpbl/smtpbl/policy"
)

// small is a scenario that takes a fraction of a second.
func small(s setting) scenario { return scenario{seed: 1, people: hamlet(), botnet: 1000, setting: s} }

func attackOf(t *testing.T, name string) *attack {
	t.Helper()
	for _, a := range attacks() {
		if a.Name == name {
			return &a
		}
	}
	t.Fatalf("no attack %q", name)
	return nil
}

// Guesses that get through, without and with what looks beyond one address.
// The factors are below what was measured, so that other seeds pass too.
func TestFewerGuessesGetThrough(t *testing.T) {
	for name, factor := range map[string]float64{
		"spread-1": 3.5, "spread-20": 3, "patient-20": 2.4, "nets": 3, "dictionary": 1.5, "spray": 12, "spray-names": 12, "ipv6": 20,
	} {
		t.Run(name, func(t *testing.T) {
			through := map[string]int{}
			for _, s := range settings(nil)[:2] {
				run := small(s)
				run.attack = attackOf(t, name)
				through[s.Name] = run.play().Siege.Through
			}
			if got := float64(through["without"]) / float64(through["with"]); got < factor {
				t.Errorf("%v get through: fewer by %.1f, want %v at least", through, got, factor)
			}
		})
	}
}

// The Engine's tables have a secret of their own, by which two things may share
// a place in one run and not in another.
func TestTwoRunsAreAlike(t *testing.T) {
	s := small(settings(nil)[1])
	s.attack = attackOf(t, "spread-20")
	one, two := s.play(), s.play()
	if n, m := float64(one.Siege.Through), float64(two.Siege.Through); math.Abs(n-m) > n/100 {
		t.Errorf("%v guesses get through, then %v", n, m)
	}
	if one.Siege.Tries != two.Siege.Tries || one.Addresses != two.Addresses {
		t.Errorf("%d tries, then %d; %d honest addresses, then %d", one.Siege.Tries, two.Siege.Tries, one.Addresses, two.Addresses)
	}
}

// What the tables call the defaults are those of the reference file.
func TestDefaults(t *testing.T) {
	text, err := os.ReadFile("../../cmd/smtpbl/internal/config/smtpbl.toml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Policy map[string]any }
	if err := toml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	c, known := defaults(), 0
	for key, want := range file.Policy {
		number, length := field(&c, key)
		var got any
		switch {
		case number != nil:
			got = int64(*number)
		case length != nil:
			got = length.String()
			want = duration(t, want).String()
		default:
			continue // neither here nor there
		}
		if got != want {
			t.Errorf("%s is %v, in the reference file %v", key, got, want)
		}
		known++
	}
	if all := 24; known != all {
		t.Errorf("%d keys of the reference file are known, want %d", known, all)
	}
}

func duration(t *testing.T, v any) time.Duration {
	t.Helper()
	text, _ := v.(string)
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A patient attacker stays below the threshold in every window.
func TestPatience(t *testing.T) {
	run := small(setting{"", without(defaults())})
	run.attack = attackOf(t, "patient-20")
	run.people = census{}
	if s := run.play().Siege; s.Through != s.Tries || s.Tries == 0 {
		t.Errorf("of %d tries %d get through, want all", s.Tries, s.Through)
	}
}

// Attackers and honest people do not share nets where they are not meant to.
func TestPlaces(t *testing.T) {
	c := village()
	honest := map[string]bool{}
	for i := range c.accounts() {
		honest[netOf(homeAddress(i)).String()] = true
		honest[netOf(homeAddress6(i)).String()] = true
	}
	nets := map[string]bool{}
	for i := range 10_000 {
		nets[netOf(strewn(i)).String()] = true
		if i == 9_999 && len(nets) != 10_000 {
			t.Errorf("10,000 addresses are in %d nets", len(nets))
		}
		for _, a := range []string{netOf(strewn(i)).String(), netOf(clustered(i)).String(), netOf(one48(i)).String()} {
			if honest[a] {
				t.Fatalf("an attacker is in the homes' net %s", a)
			}
		}
	}
	if !honest[netOf(besideHomes(0)).String()] {
		t.Error("the neighbour is in a net of his own")
	}
}

func TestUsersSucceedInTheEnd(t *testing.T) {
	q := &queue{}
	tallies := settle(q, hamlet(), 1)
	w := newWorld(policy.Config{Window: time.Hour, Threshold4: 1 << 13, Threshold6: 1 << 13, BanTime: time.Hour})
	q.run(w, week)
	if n := sum(tallies).KeptOut; n != 0 {
		t.Errorf("%d people are kept out though nobody is banned", n)
	}
	for _, d := range q.due {
		if u, ok := d.who.(*user); ok && u.slips > givesUp {
			t.Errorf("%s mistyped %d times in a row", u.name, u.slips)
		}
	}
}

func TestTables(t *testing.T) {
	r := report{}
	for _, s := range settings(nil) {
		run := small(s)
		run.attack = attackOf(t, "spray")
		r.Attacks = append(r.Attacks, run.play())
		run.attack = nil
		r.Peace = append(r.Peace, run.play(), run.play())
	}
	var out strings.Builder
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"spray", "with honeypots", "behind a carrier's NAT", "all people"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, &out)
		}
	}
}
