package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

const (
	// whyNear is how many neighbours are told.
	whyNear = 10
	// whyBans is of how many bans the history's evidence is told: the lines of
	// the last one, and of those before where it has few.
	whyBans = 4
)

// explain gathers what the service knows of a prefix.
func (s *service) explain(ctx context.Context, p netip.Prefix, users bool) (json.RawMessage, error) {
	f := &facts{asked: p, now: time.Now(), ports: s.cfg.NFT.Ports}
	if err := s.askEnforcer(ctx, f); err != nil {
		return nil, err
	}
	if err := f.askKernel(s.table.Lookup); err != nil {
		return nil, err
	}
	if err := s.askJudge(ctx, f); err != nil {
		return nil, err
	}
	if s.store != nil {
		if err := f.askHistory(s.store); err != nil {
			s.log.Warn("the history cannot be asked", "err", err)
		}
	}
	if s.knocks != nil && p.IsSingleIP() {
		if k, ok := s.knocks.Find(p.Addr(), f.now); ok {
			f.knock = &k
		}
	}
	x := f.explain()
	x.finish(users)
	return json.Marshal(x)
}

// askEnforcer takes the wanted bans and the pardon around the prefix.
func (s *service) askEnforcer(ctx context.Context, f *facts) error {
	var records []store.Record
	var pardoned time.Time
	err := s.enforcer.Ask(ctx, func(e *enforce.Enforcer) {
		records = e.Around(f.asked)
		pardoned = longest(covering(e.Pardoned(), []netip.Prefix{f.asked}))
	})
	if err == nil {
		f.records, f.pardoned = records, pardoned
	}
	return err
}

// askKernel takes the bans that drop the prefix, and those alone: a narrower
// one at its first address is somebody else's.
func (f *facts) askKernel(lookup func(netip.Addr) ([]nft.Ban, bool, error)) error {
	bans, allowed, err := lookup(f.asked.Addr())
	if errors.Is(err, nft.ErrTableGone) {
		return nil // which bans nobody
	}
	if err != nil {
		return fmt.Errorf("look for bans of %s: %w", f.asked, err)
	}
	f.kernel = slices.DeleteFunc(bans, func(b nft.Ban) bool { return b.Prefix.Bits() > f.asked.Bits() })
	f.allowed = allowed && f.asked.IsSingleIP()
	return nil
}

// askJudge takes the counts and the last lines. A net has the lines of those of
// its hosts that are banned.
func (s *service) askJudge(ctx context.Context, f *facts) error {
	type answer struct {
		standing policy.Standing
		refusal  policy.Refusal
		near     []policy.Neighbour
		lines    []byte
		seen     int
	}
	got := make(chan answer, 1) // see askEnforcer
	addr := f.asked.Addr()
	err := s.judge.Ask(ctx, func(e *policy.Engine) {
		a := answer{standing: e.Standing(addr, f.now), near: e.Neighbours(addr, f.now, whyNear)}
		a.refusal, _ = e.ExemptPrefix(f.asked)
		if countedAlone(f.asked) {
			a.lines, a.seen = s.judge.Evidence(addr, f.now)
			got <- a
			return
		}
		for _, n := range a.near {
			if !f.asked.Contains(n.Prefix.Addr()) {
				continue
			}
			lines, seen := s.judge.Evidence(n.Prefix.Addr(), f.now)
			a.lines, a.seen = append(a.lines, lines...), a.seen+seen
		}
		got <- a
	})
	if err != nil {
		return err
	}
	a := <-got
	f.standing, f.refusal, f.near, f.lines, f.seen = &a.standing, a.refusal, a.near, a.lines, a.seen
	if !countedAlone(f.asked) {
		f.standing = &policy.Standing{Net: a.standing.Net, NetBanned: a.standing.NetBanned, NetThreshold: a.standing.NetThreshold}
	}
	return nil
}

// countedAlone tells whether failures in p count as one: an IPv4 address, or
// what lies in one IPv6 /64.
func countedAlone(p netip.Prefix) bool { return p.IsSingleIP() || p.Addr().Is6() && p.Bits() >= 64 }

// countedAs is the prefix that failures in p are counted for, where they are.
func countedAs(p netip.Prefix) netip.Prefix {
	if p.Addr().Is6() && countedAlone(p) {
		return policy.HostOf(p.Addr())
	}
	return p
}

// askHistory takes what was before.
func (f *facts) askHistory(h history) error {
	var err error
	counted := countedAs(f.asked)
	for _, p := range slices.Compact([]netip.Prefix{f.asked, counted}) {
		for layer := range nft.LayerFeed {
			r, ok, failed := h.Get(nft.Key{Layer: layer, Prefix: p})
			if err = errors.Join(err, failed); ok && failed == nil {
				f.past = append(f.past, r)
			}
		}
	}
	saved, failed := h.Evidence(counted, whyBans)
	f.saved = saved
	return errors.Join(err, failed)
}

// history is what is asked of store.Store.
type history interface {
	Get(k nft.Key) (store.Record, bool, error)
	Evidence(p netip.Prefix, most int) ([]store.Evidence, error)
}
