package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/smtpbl/smtpbl/nft"
)

// feedSize is how many networks stand in a feed beside the bans.
const feedSize = 10_000

// layeredWay is smtpbl's table when bans by hand and a feed stand beside the
// bans of the policy: more sets to look into.
func layeredWay() *way {
	w := ownWay("smtpbl, with bans by hand and a feed", ownSetup{hook: nft.HookPrerouting})
	return w.extended(func(_ context.Context, _ *bench, o *own) error { return addLayers(o.Table) })
}

// extended has more done after a way of smtpbl's was built.
func (w *way) extended(more func(context.Context, *bench, *own) error) *way {
	build := w.build
	w.build = func(ctx context.Context, b *bench, ns *namespace) (guard, error) {
		g, err := build(ctx, b, ns)
		if err != nil {
			return nil, err
		}
		if err := more(ctx, b, g.(*own)); err != nil {
			return nil, errors.Join(err, g.close())
		}
		return g, nil
	}
	return w
}

// layerPrefixes are banned by hand; no packet comes from them.
var layerPrefixes = []netip.Prefix{
	netip.MustParsePrefix("203.0.113.7/32"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("fd00:bad::/64"),
}

func addLayers(t *nft.Table) error {
	changes := make([]nft.Change, 0, len(layerPrefixes))
	for _, p := range layerPrefixes {
		changes = append(changes, nft.Change{Layer: nft.LayerManual, Prefix: p, Timeout: banTime})
	}
	if err := t.Apply(changes); err != nil {
		return fmt.Errorf("ban by hand: %w", err)
	}
	feed := make([]netip.Prefix, 0, feedSize)
	for i := range feedSize {
		// The feed's networks are apart: one between two of 172.16.0.0/12.
		feed = append(feed, netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16 + byte(i>>12), byte(i >> 4), byte(i << 4)}), 29))
	}
	return t.SetFeed(feed)
}

// allPortsWay is smtpbl's table when some are banned at all ports, so that every
// packet is looked up for it.
func allPortsWay() *way {
	w := ownWay("smtpbl, with bans at all ports", ownSetup{hook: nft.HookPrerouting})
	return w.extended(func(_ context.Context, _ *bench, o *own) error {
		changes := make([]nft.Change, 0, 2)
		for _, p := range []string{"203.0.113.7/32", "fd00:bad::/64"} {
			changes = append(changes, nft.Change{Layer: nft.LayerAll, Prefix: netip.MustParsePrefix(p), Timeout: banTime})
		}
		if err := o.Apply(changes); err != nil {
			return fmt.Errorf("ban at all ports: %w", err)
		}
		return nil
	})
}

// ufwWay is smtpbl's table behind ufw, whose harness marks the packets.
func ufwWay() *way {
	w := ownWay("smtpbl, hook ufw", ownSetup{hook: nft.HookUFW})
	w.tool = toolLegacy
	return w.extended(func(ctx context.Context, b *bench, o *own) error {
		mark := "0x" + strconv.FormatInt(ufwMark, 16) + "/0x" + strconv.FormatInt(ufwMarkMask, 16)
		for _, iptables := range []string{toolLegacy, toolLegacy6} {
			cmd := b.tools.command(ctx, b.dir, iptables, "-A", "INPUT", "-p", "tcp", "-m", "multiport", "--dports", "25,465,587",
				"-j", "MARK", "--set-xmark", mark)
			if err := o.ns.run(cmd); err != nil {
				return err
			}
		}
		return nil
	})
}
