package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// census is how many honest people of each class there are.
type census struct {
	targeted, targetedTravellers    int // their accounts are those that attackers pick
	home, homeIPv6                  int // an address, or a /64, for each
	offices, staleOffices, inOffice int // offices, some with stale phones, so many people in each
	newOffices, resetOffices        int // as many people in each, who all begin, or get new passwords, on one day
	carrier                         int // all behind one address
	travellers                      int // a new network every day
	stale                           int // with a phone that has the old password, at home
	forgetful                       int
	webmail                         int // all through one server
	fetchers                        int // programs with a wrong password
}

// village is the population of the figures: 2,000 people.
func village() census {
	return census{
		targeted: 50, targetedTravellers: 50, home: 570, homeIPv6: 300, offices: 10, staleOffices: 6, inOffice: 50, newOffices: 1, resetOffices: 1,
		carrier: 200, travellers: 60, stale: 10, forgetful: 10, webmail: 150, fetchers: 3,
	}
}

// hamlet is a tenth of it, for tests.
func hamlet() census {
	return census{
		targeted: 5, targetedTravellers: 5, home: 35, homeIPv6: 30, offices: 2, staleOffices: 1, inOffice: 20, newOffices: 1, resetOffices: 1,
		carrier: 20, travellers: 10, stale: 2, forgetful: 2, webmail: 15, fetchers: 1,
	}
}

// accounts is how many names userName makes for c.
func (c *census) accounts() int {
	return c.beforeCarrier() + c.carrier + c.travellers + c.stale + c.forgetful + c.webmail
}

// beforeCarrier is how many names are made before those behind the carrier's NAT.
func (c *census) beforeCarrier() int {
	return c.targeted + c.targetedTravellers + c.home + c.homeIPv6 + (c.offices+c.newOffices+c.resetOffices)*c.inOffice
}

func userName(i int) []byte { return fmt.Appendf(nil, "user%d@example.org", i) }

// people puts honest people into a world.
type people struct {
	seed    uint64
	queue   *queue
	made    int // accounts so far
	tallies []*tally
}

// settle lets all of c live.
func settle(q *queue, c census, seed uint64) []*tally {
	p := &people{seed: seed, queue: q}
	p.households(p.class("at home, account under attack"), c.targeted, homeAddress)
	p.wanderers(p.class("travelling, account under attack"), c.targetedTravellers)
	p.households(p.class("at home"), c.home, homeAddress)
	p.households(p.class("at home, IPv6"), c.homeIPv6, homeAddress6)
	p.offices(p.class("office"), p.class("office with a stale phone"), c)
	p.newOffices(p.class("office where all are new"), c)
	p.resetOffices(p.class("office with new passwords"), c)
	p.households(p.class("behind a carrier's NAT"), c.carrier, sharedAddress)
	p.wanderers(p.class("travelling"), c.travellers)
	p.stalePhones(p.class("stale phone at home"), c.stale)
	p.forgetful(p.class("forgot the password"), c.forgetful)
	p.households(p.class("webmail"), c.webmail, webmailAddress)
	p.fetchers(p.class("program with a wrong password"), c.fetchers)
	return p.tallies
}

func (p *people) class(name string) *tally {
	t := &tally{Class: name}
	p.tallies = append(p.tallies, t)
	return t
}

// user makes one more person, who is not yet in the queue.
func (p *people) user(class *tally, place func(time.Duration) netip.Addr) *user {
	class.People++
	u := &user{rng: rand.New(rand.NewPCG(p.seed, uint64(p.made))), class: class, name: userName(p.made), place: place}
	p.made++
	return u
}

func (p *people) wake(u *user) { p.queue.add(morning(0, u.rng), u) }

// households are n people who are always at one address each.
func (p *people) households(class *tally, n int, where func(i int) netip.Addr) {
	for range n {
		p.wake(p.user(class, always(where(p.made))))
	}
}

// wanderers are n people who are in a new network each day.
func (p *people) wanderers(class *tally, n int) {
	for range n {
		u := p.user(class, hotels(p.seed, p.made))
		u.traveller = true
		p.wake(u)
	}
}

// newcomers is how many of an office begin on Tuesday.
const newcomers = 2

func (p *people) offices(plain, stale *tally, c census) {
	for office := range c.offices {
		class := plain
		if office < c.staleOffices {
			class = stale
		}
		for i := range c.inOffice {
			u := p.user(class, nineToFive(officeAddress(office), homeAddress(p.made)))
			if i < newcomers {
				u.newcomer = true
				p.queue.add(day+9*time.Hour+time.Duration(i)*time.Hour, u)
				continue
			}
			p.wake(u)
			if office < c.staleOffices && i == newcomers {
				from := time.Duration(office%5)*day + 10*time.Hour
				if p.stale(u, from); office%2 == 1 {
					u.awayFrom, u.awayTo = from, from+day
				}
			}
		}
	}
}

// newOffices open on Tuesday at nine, with people who never logged in before.
func (p *people) newOffices(class *tally, c census) {
	for office := range c.newOffices {
		for range c.inOffice {
			u := p.user(class, nineToFive(officeAddress(100+office), homeAddress(p.made)))
			u.newcomer = true
			p.queue.add(day+9*time.Hour+time.Duration(u.rng.Int64N(int64(time.Hour))), u)
		}
	}
}

// resetOffices get new passwords on Wednesday at nine. Everybody has typed his
// own within the hour, and a phone of his goes on with the old one for up to
// eight.
func (p *people) resetOffices(class *tally, c census) {
	const reset = 2*day + 9*time.Hour
	for office := range c.resetOffices {
		for range c.inOffice {
			u := p.user(class, nineToFive(officeAddress(200+office), homeAddress(p.made)))
			u.awayFrom, u.awayTo = reset, reset+time.Duration(u.rng.Int64N(int64(time.Hour)))
			p.wake(u)
			p.phone(u, reset+time.Duration(u.rng.Int64N(int64(10*time.Minute))), reset+time.Duration(u.rng.Int64N(int64(8*time.Hour))))
		}
	}
}

func (p *people) stalePhones(class *tally, n int) {
	for i := range n {
		u := p.user(class, always(homeAddress(p.made)))
		p.wake(u)
		from := time.Duration(i%7)*day + 10*time.Hour
		if p.stale(u, from); i%2 == 1 {
			u.awayFrom, u.awayTo = from, from+day
		}
	}
}

// stale gives u a phone that has a stale password for a day; every second owner
// has nothing else then. Some of the phones send, the others ask for mail.
func (p *people) stale(u *user, from time.Duration) { p.phone(u, from, from+day) }

// phone gives u one that has a stale password from from until until.
func (p *people) phone(u *user, from, until time.Duration) {
	protocol := policy.IMAP
	if p.made%3 == 0 {
		protocol = policy.SMTP
	}
	rng := rand.New(rand.NewPCG(p.seed+1, uint64(p.made)))
	p.queue.add(from, &stalePhone{rng: rng, owner: u.name, place: u.place, password: rng.Uint32() | 1, until: until, protocol: protocol})
}

// forgottenTries is how many passwords somebody tries before he sets a new one.
const forgottenTries = 12

func (p *people) forgetful(class *tally, n int) {
	for i := range n {
		u := p.user(class, always(homeAddress(p.made)))
		p.wake(u)
		p.queue.add(2*day+9*time.Hour+time.Duration(i)*time.Minute, &lapse{user: u, left: forgottenTries})
	}
}

func (p *people) fetchers(class *tally, n int) {
	class.Accidental = true
	for i := range n {
		class.People++
		from := homeAddress(1<<13 + i)
		p.queue.add(time.Duration(i)*time.Second, &fetcher{class: class, name: userName(i), from: from, password: 77})
	}
}
