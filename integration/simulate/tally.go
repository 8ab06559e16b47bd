package main

import "time"

// tally is what became of one class of honest people.
type tally struct {
	Class  string `json:"class"`
	People int    `json:"people"`
	// KeptOut is how many of them could not send mail at least once, for
	// HoursLost in all.
	KeptOut   int     `json:"kept_out"`
	HoursLost float64 `json:"hours_lost"`
	// TurnedAway is how many met the soft step at least once, for SoftHours.
	TurnedAway int     `json:"turned_away_softly"`
	SoftHours  float64 `json:"soft_hours"`
	// Accidental says that nobody types there: a program with a wrong password.
	Accidental bool `json:"no_person,omitempty"`
}

// person is what a tally has to remember of each of its people.
type person struct{ keptOut, turnedAway bool }

// lose counts that somebody was kept out for so long.
func (t *tally) lose(p *person, d time.Duration) {
	if !p.keptOut {
		p.keptOut = true
		t.KeptOut++
	}
	t.HoursLost += d.Hours()
}

// turnAway counts that somebody's mail was turned away for so long.
func (t *tally) turnAway(p *person, d time.Duration) {
	if !p.turnedAway {
		p.turnedAway = true
		t.TurnedAway++
	}
	t.SoftHours += d.Hours()
}

// siege is what became of an attack.
type siege struct {
	Addresses int `json:"addresses"`
	// Tries is how many the attackers made, Through how many of them the mail
	// server answered.
	Tries   int `json:"tries"`
	Through int `json:"through"`
	// Accounts is how many were tried, Most the most tries that got through to
	// one of them.
	Accounts int `json:"accounts"`
	Most     int `json:"most_for_one_account"`

	accounts map[string]int
}

func (s *siege) count(user []byte, got answer) {
	s.Tries++
	if got == dropped {
		return
	}
	s.Through++
	s.accounts[string(user)]++
	s.Accounts = len(s.accounts)
	s.Most = max(s.Most, s.accounts[string(user)])
}
