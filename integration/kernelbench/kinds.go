package main

import "github.com/smtpbl/smtpbl/nft"

// A kind is what sort of packet is sent.
type kind struct {
	name   string
	banned bool
	v6     bool
	frame  func(i, n int) []byte // the i-th, where n addresses are banned
}

// kinds are all sorts. Their sources are many, as on a real server: one and the
// same address would always be in the processor's caches.
var kinds = []kind{
	{name: "other traffic", frame: func(i, _ int) []byte { return syn(clean4(i), 443) }},
	{name: "clean mail", frame: func(i, _ int) []byte { return syn(clean4(i), 25) }},
	{name: "clean mail, IPv6", v6: true, frame: func(i, _ int) []byte { return syn(clean6(i), 25) }},
	{name: "banned", banned: true, frame: func(i, n int) []byte { return syn(address(i%n), 25) }},
	{name: "banned, IPv6", banned: true, v6: true, frame: func(i, n int) []byte {
		return syn(network6(i%min(n, bannedNets)).Addr(), 25)
	}},
}

// bannedNets is how many /64s of IPv6 are banned, if so many addresses are.
const bannedNets = 8192

// banNets bans n networks of IPv6.
func banNets(t *nft.Table, n int) error {
	changes := make([]nft.Change, n)
	for i := range changes {
		changes[i] = nft.Change{Prefix: network6(i), Timeout: banTime}
	}
	return t.Apply(changes)
}
