package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/smtpbl/smtpbl/nft"
)

// layeredWay is smtpbl's table when bans by hand stand beside those of the
// policy: more sets to look into.
func layeredWay() *way {
	w := ownWay("smtpbl, with bans by hand", nft.HookPrerouting, true)
	build := w.build
	w.build = func(ctx context.Context, b *bench, ns *namespace) (guard, error) {
		g, err := build(ctx, b, ns)
		if err != nil {
			return nil, err
		}
		if err := addLayers(g.(*own).Table); err != nil {
			return nil, errors.Join(err, g.close())
		}
		return g, nil
	}
	return w
}

// layerPrefixes are banned in other layers than the policy's; no packet comes
// from them.
var layerPrefixes = []netip.Prefix{
	netip.MustParsePrefix("203.0.113.7/32"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8:ffff::/64"),
}

func addLayers(t *nft.Table) error {
	var changes []nft.Change
	for _, p := range layerPrefixes {
		changes = append(changes, nft.Change{Layer: nft.LayerManual, Prefix: p, Timeout: banTime})
	}
	if err := t.Apply(changes); err != nil {
		return fmt.Errorf("ban by hand: %w", err)
	}
	return nil
}
