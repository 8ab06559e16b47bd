package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"

	"github.com/smtpbl/smtpbl/nft"
)

// own is smtpbl's table.
type own struct {
	*nft.Table
	b     *bench
	ns    *namespace
	setup ownSetup
}

// ownWay makes smtpbl's way.
func ownWay(name string, setup ownSetup) *way {
	return &way{name: name, nftables: true, build: func(_ context.Context, b *bench, ns *namespace) (guard, error) {
		o := &own{b: b, ns: ns, setup: setup}
		return o, o.open()
	}}
}

// open builds the table or adopts the one that stands.
func (o *own) open() error {
	table, err := nft.Open(o.setup.config(), nft.WithNetNS(o.ns.fd))
	if err != nil {
		return err
	}
	if _, err := table.Ensure(); err != nil {
		return errors.Join(err, table.Close())
	}
	o.Table = table
	return nil
}

// load gives the table away, because it belongs to one process at a time.
func (o *own) load(ctx context.Context, file string) (cost, error) {
	if err := o.Close(); err != nil {
		return cost{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return cost{}, fmt.Errorf("find this program: %w", err)
	}
	l := ownLoad{ownSetup: o.setup, outside: o.b.outside, file: file}
	c, err := o.ns.measure(exec.CommandContext(ctx, self, l.args()...))
	return c, errors.Join(err, o.open())
}

func (o *own) ban(_ context.Context, addr netip.Addr) error {
	return o.Apply([]nft.Change{{Prefix: netip.PrefixFrom(addr, addr.BitLen()), Timeout: banTime}})
}

func (o *own) unban(_ context.Context, addr netip.Addr) error {
	return o.Apply([]nft.Change{{Prefix: netip.PrefixFrom(addr, addr.BitLen()), Remove: true}})
}

func (o *own) close() error { return o.Close() }
