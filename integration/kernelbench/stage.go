package main

import "context"

// stage measures all ways while each holds n addresses.
func (b *bench) stage(ctx context.Context, n int) (err error) {
	var holders []*holder
	defer func() { err = closeAll(holders, err) }()
	b.say("%s addresses: loading", count(n))
	if holders, err = b.loadAll(ctx, n); err != nil {
		return err
	}
	b.say("%s addresses: single bans", count(n))
	if err := b.singleBans(ctx, holders, n); err != nil {
		return err
	}
	b.say("%s addresses: listing", count(n))
	if err := b.listAll(ctx, holders); err != nil {
		return err
	}
	b.say("%s addresses: packets", count(n))
	if n == b.variantSize {
		more, err := b.fillAll(ctx, variants(), n, func(*holder, cost) {})
		holders = append(holders, more...)
		if err != nil {
			return err
		}
	}
	return b.packetCosts(ctx, holders, n)
}
