package main

import (
	"net/netip"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// How the attackers' networks are used: hosts of the first /24s for bans of
// single addresses, the /24s from firstNet on for bans of whole ones, and the
// last two for bans that stay.
const (
	hostNets = 190
	firstNet = 190
	netPairs = 30
	lastNet  = 254
)

// host4 is an address in one of the /24s.
func host4(net, host int) netip.Addr {
	a := lab.AttackNets4.Addr().As4()
	a[2], a[3] = byte(net), byte(host)
	return netip.AddrFrom4(a)
}

// host6 is an address in one of the /64s.
func host6(net, host int) netip.Addr {
	a := lab.AttackNets6.Addr().As16()
	a[6], a[7], a[15] = byte(net>>8), byte(net), byte(host)
	return netip.AddrFrom16(a)
}

// single is the prefix of one address.
func single(addr netip.Addr) netip.Prefix { return netip.PrefixFrom(addr, addr.BitLen()) }

// prefix is the net of an address.
func prefix(addr netip.Addr, bits int) netip.Prefix { return netip.PrefixFrom(addr, bits).Masked() }

// target is somebody to ban, those who must go down with him, and those who
// must not.
type target struct {
	prefix  netip.Prefix
	guilty  []netip.Addr
	bystand []netip.Addr
}

// targets makes the nth target of each sort. Until some thousands were used,
// none comes twice.
var targets = []func(n int) target{
	func(n int) target { // an IPv4 address; its neighbour is innocent
		net, host := n%hostNets, 1+2*(n/hostNets)%126
		return target{single(host4(net, host)), []netip.Addr{host4(net, host)}, []netip.Addr{host4(net, host+1)}}
	},
	func(n int) target { // an IPv6 /64; the next one is innocent
		net := 2 * (n % 30_000)
		return target{prefix(host6(net, 1), 64), []netip.Addr{host6(net, 1), host6(net, 2)}, []netip.Addr{host6(net+1, 1)}}
	},
	func(n int) target { // an IPv4 /24
		net := firstNet + 2*(n%netPairs)
		return target{prefix(host4(net, 1), 24), []netip.Addr{host4(net, 1), host4(net, 254)}, []netip.Addr{host4(net+1, 1)}}
	},
	func(n int) target { // one IPv6 address; the rest of its /64 is innocent
		net := 60_000 + n%5_000
		return target{single(host6(net, 1)), []netip.Addr{host6(net, 1)}, []netip.Addr{host6(net, 2)}}
	},
}

// logged is how many sorts of target the policy bans by itself: those that
// come first.
const logged = 2
