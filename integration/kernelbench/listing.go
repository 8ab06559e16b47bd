package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// maxDump is up to how many addresses sets are dumped: the kernel's time for it
// grows with the square.
const maxDump = 100_000

// A listing is one means of reading back what a way holds.
type listing struct {
	name string
	of   string // name of the way
	tool string // the program that it needs; "" for smtpbl itself
	dump bool   // not by key
	list func(ctx context.Context, b *bench, h *holder) error
}

// listings are all means, that by key first.
var listings = []listing{
	{name: "smtpbl by key (Query)", of: nameOwn, list: queryAll},
	{name: "smtpbl, a dump (Bans)", of: nameOwn, dump: true, list: dumpAll},
	{name: "smtpbl adopts what stands (Open, Ensure)", of: nameOwn, list: adopt},
	{name: "nft -j list set, of smtpbl's table", of: nameOwn, tool: toolNFT, dump: true, list: printedBy("nft -j list set inet smtpbl ban4")},
	{name: "nft -j list set, of a hash set", of: nameNFT, tool: toolNFT, dump: true, list: printedBy("nft -j list set inet t ban")},
	{name: "ipset save", of: nameIPSet, tool: toolIPSet, list: printedBy("ipset save ban")},
}

// listAll reads back what the ways hold, by all means in turns.
func (b *bench) listAll(ctx context.Context, holders []*holder) error {
	for began, round := time.Now(), 0; round < b.loads && (round == 0 || time.Since(began) < b.loadTime); round++ {
		for _, l := range listings {
			for _, h := range holders {
				if h.name != l.of || h.n == 0 || l.dump && h.n > maxDump {
					continue
				}
				if err := b.listOnce(ctx, l, h); err != nil {
					return fmt.Errorf("list %s: %w", h.name, err)
				}
			}
		}
	}
	return nil
}

func (b *bench) listOnce(ctx context.Context, l listing, h *holder) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	if why := b.tools.lacks(l.tool); why != "" {
		b.lists.miss(l.name, count(h.n), why)
		return nil
	}
	began := time.Now()
	if err := l.list(ctx, b, h); err != nil {
		return err
	}
	b.lists.add(l.name, count(h.n), milliseconds(time.Since(began)))
	return nil
}

// queryAll asks for every address. The keys are made in slices, as who has
// them in a store does it.
func queryAll(_ context.Context, _ *bench, h *holder) error {
	const slice = 10_000
	found := 0
	keys := make([]nft.Key, 0, slice)
	for i := 0; i < h.n; i += slice {
		keys = keys[:0]
		for j := i; j < min(i+slice, h.n); j++ {
			keys = append(keys, nft.Key{Prefix: netip.PrefixFrom(address(j), 32)})
		}
		bans, err := h.guard.(*own).Query(keys)
		if err != nil {
			return err
		}
		found += len(bans)
	}
	return complete(found, h.n)
}

func dumpAll(_ context.Context, _ *bench, h *holder) error {
	bans, err := h.guard.(*own).Bans()
	if err != nil {
		return err
	}
	return complete(len(bans), h.n)
}

// complete makes sure that what was measured is what was meant.
func complete(found, want int) error {
	if found != want {
		return fmt.Errorf("found %d bans of %d", found, want)
	}
	return nil
}

// adopt opens the table anew, as the service does at its start.
func adopt(_ context.Context, _ *bench, h *holder) error {
	o := h.guard.(*own)
	if err := o.Close(); err != nil {
		return err
	}
	return o.open()
}

// printedBy runs a program whose output nobody reads.
func printedBy(command string) func(context.Context, *bench, *holder) error {
	return func(ctx context.Context, b *bench, h *holder) error {
		cmd := b.tools.command(ctx, b.dir, strings.Split(command, " ")...)
		cmd.Stdout = io.Discard
		return h.ns.run(cmd)
	}
}
