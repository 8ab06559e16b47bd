package scenario

import (
	"fmt"
	"net/netip"
)

// attacker is one source of attacks with an account of its own that he tries:
// many sources at one account would be banned for that.
type attacker struct {
	addr netip.Addr
	user string
}

// next4 returns an attacker in a /24 in which nobody was before.
func (s *scenario) next4() attacker {
	s.attackers++
	n := s.attackers
	return attacker{
		addr: netip.AddrFrom4([4]byte{100, byte(64 + n>>8), byte(n), 10}),
		user: fmt.Sprintf("account%d", n),
	}
}

// next6 returns an attacker in a /48 in which nobody was before.
func (s *scenario) next6() attacker {
	s.attackers++
	n := s.attackers
	return attacker{
		addr: netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0x80 | byte(n>>8), byte(n), 0, 1, 15: 0x10}),
		user: fmt.Sprintf("account%d", n),
	}
}

// threshold is how many failures ban, by the defaults of policy.threshold4 and
// policy.threshold6.
func (a attacker) threshold() int {
	if a.addr.Is4() {
		return 5
	}
	return 3
}

// neighbour is an address that a ban of the attacker must not hit: the next one
// of his /24, and one of another /64 in his /48.
func (a attacker) neighbour() netip.Addr {
	if a.addr.Is4() {
		return a.addr.Next()
	}
	bytes := a.addr.As16()
	bytes[7]++
	return netip.AddrFrom16(bytes)
}
