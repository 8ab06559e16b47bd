package enforce

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// Allow replaces the addresses that are exempt: the kernel lets them pass
// whatever the bans say, and bans of the policy that lie inside what is newly
// exempt are lifted. A wider ban goes on for everybody else, and so does a ban
// by hand for the time when the exemption ends. Where the kernel refuses, it is
// asked again, and bans are lifted all the same.
func (e *Enforcer) Allow(prefixes []netip.Prefix) error {
	before := e.exempt
	e.exempt = slices.Clone(prefixes)
	e.allowDue = time.Time{}
	err := e.letThrough()
	if err != nil {
		e.allowDue = time.Now().Add(allowRetry)
	}
	for _, r := range e.spare(before) {
		if e.GaveWay != nil {
			e.GaveWay(r.Prefix)
		}
	}
	return err
}

// letThrough tells the kernel who passes: the exempt and the pardoned.
func (e *Enforcer) letThrough() error {
	if e.Kernel == nil {
		return nil
	}
	list := slices.Clone(e.exempt)
	for p := range e.pardons {
		list = append(list, p)
	}
	err := e.Kernel.SetAllow(list)
	if err != nil && isGone(err) {
		if err = e.rebuild(causeGone, nft.Foreign{}); err == nil {
			err = e.Kernel.SetAllow(list)
		}
	}
	if err != nil {
		return fmt.Errorf("set the addresses that are never banned: %w", err)
	}
	if e.Sessions == nil {
		return nil
	}
	return e.Sessions.SetAllow(list)
}

// spare lifts the bans of the policy that lie inside what is exempt now and was
// not before. It returns them as ended.
func (e *Enforcer) spare(before []netip.Prefix) []store.Record {
	now := time.Now()
	keys := e.bansInside(news(e.exempt, before))
	out := make([]store.Record, 0, len(keys))
	changes := make([]nft.Change, 0, len(keys))
	for _, k := range keys {
		r, _ := e.ledger.get(k)
		r.Until = now
		out = append(out, r)
		changes = append(changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Remove: true})
	}
	if len(keys) > 0 {
		e.lift(keys, "exempt")
		_ = e.apply(changes) // what the kernel refuses is tried again
	}
	return out
}

// news returns what is in now and not in before.
func news(now, before []netip.Prefix) []netip.Prefix {
	known := make(map[netip.Prefix]struct{}, len(before))
	for _, p := range before {
		known[p] = struct{}{}
	}
	var out []netip.Prefix
	for _, p := range now {
		if _, old := known[p]; !old {
			out = append(out, p)
		}
	}
	return out
}

// bansInside returns the bans of the policy inside prefixes. Single addresses,
// which come and go, are looked up; for prefixes all bans are gone through.
func (e *Enforcer) bansInside(prefixes []netip.Prefix) []nft.Key {
	var out []nft.Key
	var wide bart.Lite
	for _, p := range prefixes {
		if !p.IsSingleIP() {
			wide.Insert(p)
			continue
		}
		for _, k := range inLayers(p) {
			if _, banned := e.ledger.get(k); banned && k.Layer != nft.LayerManual {
				out = append(out, k)
			}
		}
	}
	if wide.Size() == 0 {
		return out
	}
	singles := len(out)
	for r := range e.ledger.all() {
		if r.Layer != nft.LayerManual && wide.LookupPrefix(r.Prefix) && !slices.Contains(out[:singles], r.Key()) {
			out = append(out, r.Key())
		}
	}
	return out
}
