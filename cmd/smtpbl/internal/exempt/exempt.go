// Package exempt keeps the list of addresses that are never banned up to
// date: those of the configuration, whose host names are resolved again and
// again, this machine's own, and its gateways.
package exempt

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/selfaddr"
	"github.com/smtpbl/smtpbl/policy"
)

const (
	// refreshEvery is how often host names are resolved again.
	refreshEvery = 5 * time.Minute
	// settle waits for a burst of address changes (a link coming up) to end.
	settle = 200 * time.Millisecond
	// lookupPatience bounds the resolution of all host names.
	lookupPatience = 5 * time.Second
)

// List is the source of the exemptions.
type List struct {
	Prefixes []netip.Prefix // never_ban as prefixes
	Hosts    []string       // never_ban as host names
	Log      *slog.Logger

	resolved map[string][]netip.Addr
	failing  map[string]bool
}

// Current returns the exemptions as they are now. Where a host name cannot be
// resolved its last known addresses stay exempt.
func (l *List) Current(ctx context.Context) ([]policy.Exemption, error) {
	var out []policy.Exemption
	for _, p := range l.Prefixes {
		out = append(out, policy.Exemption{Prefix: p, Refusal: policy.RefusedNeverBan})
	}
	for _, addrs := range l.resolveAll(ctx) {
		out = appendAddrs(out, addrs, policy.RefusedNeverBan)
	}
	self, err := selfaddr.Read()
	if err != nil {
		return nil, err
	}
	out = appendAddrs(out, self.Gateways, policy.RefusedGateway)
	return appendAddrs(out, self.Own, policy.RefusedOwn), nil
}

func appendAddrs(out []policy.Exemption, addrs []netip.Addr, why policy.Refusal) []policy.Exemption {
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		out = append(out, policy.Exemption{Prefix: netip.PrefixFrom(a, a.BitLen()), Refusal: why})
	}
	return out
}

// resolveAll resolves the host names side by side: at boot, before there is a
// network, all of them together must not hold up the start for long.
func (l *List) resolveAll(ctx context.Context) [][]netip.Addr {
	if l.resolved == nil {
		l.resolved, l.failing = map[string][]netip.Addr{}, map[string]bool{}
	}
	ctx, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	out, errs := make([][]netip.Addr, len(l.Hosts)), make([]error, len(l.Hosts))
	var wg sync.WaitGroup
	for i, host := range l.Hosts {
		wg.Go(func() { out[i], errs[i] = net.DefaultResolver.LookupNetIP(ctx, "ip", host) })
	}
	wg.Wait()
	for i, host := range l.Hosts {
		out[i] = l.settle(host, out[i], errs[i])
	}
	return out
}

// settle remembers what a host name was resolved to, or, where it was not,
// falls back on what it was before. The order is always the same, so that
// exemptions can be compared.
func (l *List) settle(host string, addrs []netip.Addr, err error) []netip.Addr {
	if err != nil {
		if !l.failing[host] {
			l.Log.Warn("cannot resolve a host of never_ban: its last known addresses stay exempt", "host", host,
				"addrs", len(l.resolved[host]), "err", err)
		}
		l.failing[host] = true
		return l.resolved[host]
	}
	l.failing[host] = false
	slices.SortFunc(addrs, netip.Addr.Compare)
	l.resolved[host] = addrs
	return addrs
}

// Watch calls changed with the new exemptions each time they differ from the
// ones before, until ctx ends.
func (l *List) Watch(ctx context.Context, before []policy.Exemption, changed func([]policy.Exemption)) error {
	updates, err := selfaddr.Watch(ctx.Done())
	if err != nil {
		l.Log.Warn("cannot watch own addresses: looking regularly instead", "err", err)
	}
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case _, open := <-updates:
			if !open {
				updates = nil // the subscription was lost; the ticker still looks
				continue
			}
			if !pause(ctx, settle) {
				return nil
			}
		}
		now, err := l.Current(ctx)
		if err != nil {
			l.Log.Error("cannot read own addresses", "err", err)
			continue
		}
		if !slices.Equal(now, before) {
			before = now
			changed(now)
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Prefixes returns the prefixes of exemptions, for the kernel's allow sets.
func Prefixes(list []policy.Exemption) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, x := range list {
		out = append(out, x.Prefix)
	}
	return out
}
