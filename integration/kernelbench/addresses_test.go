package main

import (
	"net/netip"
	"testing"
)

// TestAddressesDiffer makes sure that a set of n addresses has n elements, and
// that no clean address is a banned one.
func TestAddressesDiffer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int
		net    netip.Prefix
		number func(i int) netip.Addr
	}{
		{"banned", 1 << 18, bannedNet4, address},
		{"banned nets", 1 << 16, bannedNet6, func(i int) netip.Addr { return network6(i).Addr() }},
		{"clean", 1 << 17, cleanNet4, clean4},
		{"clean of IPv6", 1 << 17, cleanNet6, clean6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(map[netip.Addr]bool, tt.n)
			for i := range tt.n {
				a := tt.number(i)
				if seen[a] || !tt.net.Contains(a) {
					t.Fatalf("number %d, %s, came before or is outside of %s", i, a, tt.net)
				}
				seen[a] = true
			}
		})
	}
	if bannedNet4.Overlaps(cleanNet4) || bannedNet6.Overlaps(cleanNet6) {
		t.Error("a clean address can be a banned one")
	}
}
