package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// A way is one of the means by which addresses can be kept out.
type way struct {
	name string
	tool string // the program that it needs; "" for smtpbl itself
	// maxSize and maxCalls are how many addresses it is asked to hold, and
	// how many to hold while single ones come and go; 0: any number.
	maxSize, maxCalls int
	// nftables: other programs' transactions wait for its own.
	nftables  bool
	conntrack bool // is on in its namespace
	// build makes what stands before the first ban, in an empty namespace.
	build func(ctx context.Context, b *bench, ns *namespace) (guard, error)
}

// A guard is one way at work in a namespace.
type guard interface {
	// load bans all addresses in the file, one a line, in a process of its own.
	load(ctx context.Context, file string) (cost, error)
	// ban and unban are the one call for a single address.
	ban(ctx context.Context, addr netip.Addr) error
	unban(ctx context.Context, addr netip.Addr) error
	close() error
}

// cost is what a process took.
type cost struct {
	wall   time.Duration
	rssKiB int64
}

// holder is a way together with the namespace in which it holds n addresses.
type holder struct {
	*way
	guard
	ns *namespace
	n  int
	// next is the number of an address that is not banned.
	next int
}

// hold builds a way in a namespace of its own, without addresses.
func (b *bench) hold(ctx context.Context, w *way) (h *holder, err error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	g, err := w.build(ctx, b, ns)
	if err != nil {
		ns.close()
		return nil, fmt.Errorf("build %s: %w", w.name, err)
	}
	return &holder{way: w, guard: g, ns: ns}, nil
}

// fill loads n addresses.
func (b *bench) fill(ctx context.Context, h *holder, n int) (cost, error) {
	file, err := b.list(n)
	if err != nil {
		return cost{}, err
	}
	c, err := h.load(ctx, file)
	if err != nil {
		return cost{}, fmt.Errorf("load %d addresses into %s: %w", n, h.name, err)
	}
	h.n, h.next = n, n
	return c, nil
}

func (h *holder) close() error {
	err := h.guard.close()
	h.ns.close()
	return err
}

// closeAll adds the errors of closing to err.
func closeAll(holders []*holder, err error) error {
	errs := append(make([]error, 0, 1+len(holders)), err)
	for _, h := range holders {
		errs = append(errs, h.close())
	}
	return errors.Join(errs...)
}

// within tells whether n is not above a limit.
func within(n, limit int) bool { return limit == 0 || n <= limit }

// list returns the name of the file of the first n addresses, one a line.
func (b *bench) list(n int) (string, error) {
	name := filepath.Join(b.dir, fmt.Sprintf("addresses-%d", n))
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	return name, writeLines(name, func(line func(string)) {
		for i := range n {
			line(address(i).String())
		}
	})
}
