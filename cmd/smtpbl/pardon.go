package main

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/policy"
)

// maxPardon bounds a pardon: what is to be let in for ever belongs into
// never_ban.
const maxPardon = 365 * 24 * time.Hour

// pardon tells the Engine whom it must not ban for a while.
func pardon(e *policy.Engine, req *control.Request, now time.Time) {
	if req.Pardon <= 0 {
		return
	}
	for _, p := range req.Prefixes {
		e.Pardon(p, now.Add(req.Pardon))
	}
}

// covering returns the pardons that cover one of the prefixes, the one that
// lasts longest first.
func covering(pardons map[netip.Prefix]time.Time, prefixes []netip.Prefix) []control.Pardon {
	found := map[netip.Prefix]time.Time{}
	for _, p := range prefixes {
		for q, until := range pardons {
			if q.Bits() <= p.Bits() && q.Overlaps(p) {
				found[q] = until
			}
		}
	}
	out := make([]control.Pardon, 0, len(found))
	for _, p := range slices.SortedFunc(maps.Keys(found), netip.Prefix.Compare) {
		out = append(out, control.Pardon{Prefix: p, Until: found[p]})
	}
	slices.SortStableFunc(out, func(a, b control.Pardon) int { return b.Until.Compare(a.Until) })
	return out
}

// pardonedUntil asks the service, or where none runs the history, until when an
// address is pardoned; zero where it is not, or nobody knows. Without a service
// that time may be over: the kernel lets the address pass until somebody ends it.
func pardonedUntil(ctx context.Context, cfg config.Config, addr netip.Addr) time.Time {
	self := []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}
	resp, err := control.Call(ctx, cfg.RuntimeDir, &control.Request{Op: control.OpList, Prefixes: self})
	switch {
	case err == nil:
		return longest(resp.Pardons)
	case errors.Is(err, control.ErrNoService):
		known, _ := store.ReadPardons(cfg.StateDir) // what can be read of it
		return longest(covering(known, self))
	}
	return time.Time{}
}

// around returns until when known pardons that still run cover one of the
// prefixes.
func around(known map[netip.Prefix]time.Time, prefixes []netip.Prefix, now time.Time) time.Time {
	maps.DeleteFunc(known, func(_ netip.Prefix, until time.Time) bool { return !until.After(now) })
	return longest(covering(known, prefixes))
}

// longest returns the end of the first of pardons, zero where there is none.
func longest(pardons []control.Pardon) time.Time {
	if len(pardons) == 0 {
		return time.Time{}
	}
	return pardons[0].Until
}
