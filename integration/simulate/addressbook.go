package main

import (
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// addressBook knows the addresses of honest people, to tell which of them were
// banned and for how long.
type addressBook struct {
	addresses map[netip.Prefix]*address
	nets      map[netip.Prefix][]*address
}

// address is one of them, or a /64.
type address struct {
	until  time.Duration // the end of its last ban
	banned time.Duration // in all
}

func newAddressBook() *addressBook {
	return &addressBook{map[netip.Prefix]*address{}, map[netip.Prefix][]*address{}}
}

// note says that somebody honest is at a.
func (b *addressBook) note(a netip.Addr) {
	host := hostOf(a)
	if b.addresses[host] != nil {
		return
	}
	x := &address{}
	b.addresses[host] = x
	b.nets[netOf(a)] = append(b.nets[netOf(a)], x)
}

// take notes a ban.
func (b *addressBook) take(d *policy.Decision) {
	if !d.Ban() {
		return
	}
	at, until := d.At.Sub(start), d.Until.Sub(start)
	if d.Step == policy.StepNet {
		for _, x := range b.nets[d.Prefix] {
			x.ban(at, until)
		}
	} else if x := b.addresses[d.Prefix]; x != nil {
		x.ban(at, until)
	}
}

// ban adds the time that was not banned already.
func (x *address) ban(at, until time.Duration) {
	if from := max(at, x.until); until > from {
		x.banned += until - from
		x.until = until
	}
}

// banned returns how many were banned at least once, and for how long in all.
func (b *addressBook) banned() (n int, total time.Duration) {
	for _, x := range b.addresses {
		if x.banned > 0 {
			n++
			total += x.banned
		}
	}
	return n, total
}
