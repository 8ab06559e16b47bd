package main

import "time"

// scenario is one run: some people, perhaps an attack, one setting.
type scenario struct {
	seed    uint64
	people  census
	attack  *attack // nil is none
	botnet  int     // its size
	setting setting
	hashes  bool
	outage  outage
}

// result is what came of it.
type result struct {
	Setting string `json:"setting"`
	Attack  string `json:"attack,omitempty"`
	Hashes  bool   `json:"password_hashes,omitempty"`
	Outage  bool   `json:"outage,omitempty"`
	Siege   *siege `json:"siege,omitempty"`
	// Honest is the sum of all classes in which somebody types.
	Honest  tally    `json:"honest"`
	Classes []*tally `json:"classes"`
	// Addresses of honest people, how many of them were banned, and for how
	// many hours in all.
	Addresses       int            `json:"addresses"`
	AddressesBanned int            `json:"addresses_banned"`
	AddressHours    float64        `json:"address_hours_banned"`
	Bans            map[string]int `json:"bans_by_rule"`
	Forgotten       uint64         `json:"forgotten"`
}

// play lets a week pass.
func (s scenario) play() result {
	w, q := newWorld(s.setting.Config), &queue{}
	w.hashes, w.outage = s.hashes, s.outage
	r := result{Setting: s.setting.Name, Hashes: s.hashes, Outage: s.outage.to > 0, Bans: map[string]int{}}
	r.Classes = settle(q, s.people, s.seed)
	if s.attack != nil {
		r.Attack = s.attack.Name
		r.Siege = s.attack.lay(q, s.botnet, &s.people, s.seed)
	}
	q.run(w, week)
	r.Honest = sum(r.Classes)
	r.Addresses = len(w.book.addresses)
	n, banned := w.book.banned()
	r.AddressesBanned, r.AddressHours = n, banned.Hours()
	for rule, n := range w.decided {
		r.Bans[string(rule)] = n
	}
	r.Forgotten = w.engine.Forgotten()
	return r
}

func sum(classes []*tally) tally {
	all := tally{Class: "all people"}
	for _, t := range classes {
		if t.Accidental {
			continue
		}
		all.People += t.People
		all.KeptOut += t.KeptOut
		all.HoursLost += t.HoursLost
		all.TurnedAway += t.TurnedAway
		all.SoftHours += t.SoftHours
	}
	return all
}

// failing is half an hour in which the password check does not answer, in the
// morning of the second day.
func failing() outage {
	return outage{from: day + 10*time.Hour, to: day + 10*time.Hour + 30*time.Minute}
}
