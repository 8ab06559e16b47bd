package integration

import (
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestNetBan bans a whole net once five of its hosts are banned, and with it
// a host that has done nothing yet; the net beside it stays open.
func TestNetBan(t *testing.T) {
	tests := map[string]struct {
		host   func(n byte) netip.Addr
		net    func() netip.Prefix
		beside netip.Addr
	}{
		"IPv4 /24": {attacker4, func() netip.Prefix { net4, _ := attackNets(); return net4 }, neighbour4},
		"IPv6 /48": {func(n byte) netip.Addr { return attacker6(n, 1) }, func() netip.Prefix { _, net6 := attackNets(); return net6 }, neighbour6},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			s := serve(t, lab.Start{})
			earn(t, tt.host(1), tt.host(2), tt.host(3), tt.host(4))
			must(t, open(l.Attacker, tt.host(200)))
			earn(t, tt.host(5))
			must(t, awaitBan(tt.host(200)))
			must(t, shut(tt.host(200)))
			must(t, open(l.Neighbour, tt.beside))
			if _, err := s.Log.Await(t.Context(), soon, "addr="+tt.net().String(), "step=net"); err != nil {
				t.Error(err)
			}
			ban, err := l.Ban(tt.net().String())
			must(t, err)
			if ban == nil {
				t.Errorf("set list does not show %s", tt.net())
			}
		})
	}
}
