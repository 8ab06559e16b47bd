package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// attack is a botnet's way. Of a botnet's size is what the figures are made
// with, and tests take a smaller one.
type attack struct {
	Name  string
	About string
	// bots is how many addresses there are where the botnet has size.
	bots func(size int) int
	from func(i int) netip.Addr
	// every and jitter are the time between two guesses of one address.
	every, jitter time.Duration
	// account picks one of the accounts of c, or another name.
	account func(c *census) func(rng *rand.Rand) []byte
	own     []byte
	// pots says that honeypots make a difference.
	pots bool
}

// The attack begins after two days, when people have logged in from where they
// are, and lasts three.
const (
	attackFrom = 2 * day
	attackFor  = 3 * day
)

// lay puts a's bots into the queue. Each begins at its own time.
func (a *attack) lay(q *queue, size int, c *census, seed uint64) *siege {
	n := a.bots(size)
	s := &siege{Addresses: n, accounts: map[string]int{}}
	for i := range n {
		rng := rand.New(rand.NewPCG(seed+2, uint64(i)))
		b := &bot{
			rng: rng, siege: s, from: a.from(i), every: a.every, jitter: a.jitter,
			until: attackFrom + attackFor, account: a.account(c), own: a.own,
		}
		q.add(attackFrom+time.Duration(rng.Int64N(int64(a.every))), b)
	}
	return s
}

// number is a botnet of n addresses, whatever its size.
func number(n int) func(int) int { return func(int) int { return n } }

func whole(size int) int { return size }

// strewn gives each address a /24 of its own.
func strewn(i int) netip.Addr {
	const odd = 2654435761 // a bijection on 23 bits: no net comes twice
	net := uint32(i) * odd & (1<<22 - 1)
	return addr4(1<<24 + net<<8 + 1 + uint32(mix(uint64(i))%250))
}

// clustered puts 50 addresses into each /24.
func clustered(i int) netip.Addr {
	const hosts = 50
	return addr4(1<<24 + uint32(i/hosts)<<8 + 2*uint32(i%hosts) + 1)
}

// oneNet is a /24.
func oneNet(i int) netip.Addr { return addr4(1<<24 + 7<<8 + uint32(i%254) + 1) }

// one48 gives each address a /64 of one /48.
func one48(i int) netip.Addr { return addr6(0x2001_0db8_ffff_0000 + uint64(i)) }

// besideHomes are free addresses in the /24 of honest people.
func besideHomes(i int) netip.Addr { return addr4(homes + 3<<8 + 100 + uint32(i)) }

// few picks among the first n accounts, all among all of them.
func few(n int) func(*census) func(*rand.Rand) []byte {
	return func(*census) func(*rand.Rand) []byte { return between(0, n) }
}

func all(c *census) func(*rand.Rand) []byte { return between(0, max(c.accounts(), 1)) }

// sharers picks among those behind the carrier's NAT.
func sharers(c *census) func(*rand.Rand) []byte {
	first := c.beforeCarrier()
	return between(first, first+max(c.carrier, 1))
}

func between(first, end int) func(*rand.Rand) []byte {
	return func(rng *rand.Rand) []byte { return userName(first + rng.IntN(end-first)) }
}

// nobody makes up a new name each time.
func nobody(*census) func(*rand.Rand) []byte {
	return func(rng *rand.Rand) []byte { return fmt.Appendf(nil, "%x@example.org", rng.Uint64()) }
}

// dictionary picks among 200 names that are common; most of them nobody has.
func dictionary(*census) func(*rand.Rand) []byte {
	return func(rng *rand.Rand) []byte {
		const names = 200
		i := rng.IntN(names)
		if i < len(common) {
			return append([]byte(common[i]), "@example.org"...)
		}
		return fmt.Appendf(nil, "name%d@example.org", i)
	}
}

// common are the names that dictionaries begin with and that no account of the
// simulated server has.
var common = []string{
	"admin", "administrator", "backup", "copier", "demo", "fax", "guest", "info", "mysql", "noreply",
	"oracle", "postgres", "printer", "root", "scanner", "support", "test", "user", "webmaster", "www",
}
