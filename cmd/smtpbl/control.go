package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// serveControl answers the command line. It calls tried when the socket is there.
func (s *service) serveControl(ctx context.Context, tried func()) error {
	srv, err := control.Listen(s.cfg.RuntimeDir, s.answer, s.log)
	if err != nil {
		return err
	}
	tried()
	return srv.Serve(ctx)
}

func (s *service) answer(ctx context.Context, req *control.Request) *control.Response {
	resp, err := s.dispatch(ctx, req)
	if err == nil {
		return resp
	}
	out := &control.Response{Error: err.Error()}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		out.Hint = hinted.Hint()
	}
	return out
}

func (s *service) dispatch(ctx context.Context, req *control.Request) (*control.Response, error) {
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	switch req.Op {
	case control.OpStatus:
		text, err := json.Marshal(s.status())
		return &control.Response{Status: text}, err
	case control.OpTop:
		text, err := s.topAnswer(ctx, req.Rows)
		return &control.Response{Top: text}, err
	case control.OpWhy:
		text, err := s.explain(ctx, req.Prefixes[0], req.Users)
		return &control.Response{Why: text}, err
	case control.OpList:
		return s.list(ctx, req.Prefixes)
	case control.OpAdd, control.OpDel, control.OpFlush:
		return s.change(ctx, req)
	case control.OpConfirm:
		return s.confirm(ctx)
	}
	return nil, fmt.Errorf("the service does not know the operation %q: client and service are of different versions", req.Op)
}

// list reads wanted bans from the kernel, by key: all of them, or only those
// of some prefixes.
func (s *service) list(ctx context.Context, only []netip.Prefix) (*control.Response, error) {
	why, pardons, err := s.why(ctx, only)
	if err != nil {
		return nil, err
	}
	bans, err := s.table.Query(slices.Collect(maps.Keys(why)))
	if err != nil {
		return nil, fmt.Errorf("read the bans from the kernel: %w", err)
	}
	return &control.Response{Bans: describe(bans, why), Pardons: pardons}, nil
}

// why returns the reasons of wanted bans: of all, or only of some prefixes. Of
// those it returns the pardons as well.
func (s *service) why(ctx context.Context, only []netip.Prefix) (map[nft.Key]string, []control.Pardon, error) {
	var records []store.Record
	var pardons []control.Pardon
	err := s.enforcer.Ask(ctx, func(e *enforce.Enforcer) {
		records = e.Records(only)
		pardons = covering(e.Pardoned(), only)
	})
	if err != nil {
		return nil, nil, err
	}
	why := make(map[nft.Key]string, len(records))
	for i := range records {
		why[records[i].Key()] = records[i].Reason
	}
	return why, pardons, nil
}

// change makes a change by hand. It goes through the Judge, so that it keeps
// its place among the Engine's decisions and the Engine knows of it.
func (s *service) change(ctx context.Context, req *control.Request) (*control.Response, error) {
	if err := checkChange(req, s.spared(ctx)); err != nil {
		return nil, err
	}
	type result struct {
		out enforce.Outcome
		err error
	}
	done := make(chan result, 1)
	hand := handOf(req, func(o enforce.Outcome, err error) { done <- result{o, err} })
	err := s.judge.Tell(ctx, func(e *policy.Engine) {
		if req.Op == control.OpDel {
			release(e, req.Prefixes, time.Now())
			pardon(e, req, time.Now())
		}
		if err := s.enforcer.Send(ctx, enforce.Work{Hand: hand}); err != nil {
			done <- result{err: err}
		}
	})
	if err != nil {
		return nil, err
	}
	select {
	case r := <-done:
		if r.err != nil {
			return nil, errors.Join(fullHint(r.err), s.correctPardons(ctx, req))
		}
		err = s.judge.Tell(ctx, func(e *policy.Engine) { tellEngine(e, req, &r.out, time.Now()) })
		return s.answerOf(req, &r.out), errors.Join(err, s.enforcer.AwaitSaved(ctx))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fullHint adds advice to the refusal of what does not fit into a set.
func fullHint(err error) error {
	if errors.Is(err, nft.ErrFull) {
		return withHint(err, "nothing was changed; raise nft.max_bans, or ban fewer and wider nets")
	}
	return err
}

// correctPardons tells the Engine which pardons there are after one failed.
func (s *service) correctPardons(ctx context.Context, req *control.Request) error {
	if req.Pardon == 0 {
		return nil
	}
	return s.judge.Tell(ctx, func(engine *policy.Engine) {
		known := make(chan map[netip.Prefix]time.Time, 1)
		err := s.enforcer.Send(ctx, enforce.Work{Do: func(e *enforce.Enforcer) { known <- e.Pardoned() }})
		if err != nil {
			return
		}
		pardons := <-known
		for _, p := range req.Prefixes {
			engine.Pardon(p, pardons[p])
		}
	})
}

// spared returns what tells whether a prefix is never banned.
func (s *service) spared(ctx context.Context) func(netip.Prefix) (policy.Refusal, bool) {
	type answer struct {
		why policy.Refusal
		yes bool
	}
	return func(p netip.Prefix) (policy.Refusal, bool) {
		got := make(chan answer, 1) // the Judge may answer when nobody waits any more
		err := s.judge.Ask(ctx, func(e *policy.Engine) {
			why, yes := e.ExemptPrefix(p)
			got <- answer{why, yes}
		})
		if err != nil {
			return "", false // nothing will be changed then
		}
		a := <-got
		return a.why, a.yes
	}
}

// tellEngine tells what a change by hand did. What it lifted by name the Engine
// was told before, so that no failure of that moment bans again.
func tellEngine(e *policy.Engine, req *control.Request, out *enforce.Outcome, now time.Time) {
	switch req.Op {
	case control.OpAdd:
		for _, p := range out.Changed {
			e.Hold(p, now.Add(req.For))
		}
		for _, p := range out.Unpardoned {
			e.Pardon(p, time.Time{})
		}
	case control.OpFlush:
		release(e, out.Changed, now)
	case control.OpDel, control.OpList, control.OpStatus, control.OpTop, control.OpConfirm, control.OpWhy:
	}
}

// answerOf puts an outcome into the words of the control socket.
func (s *service) answerOf(req *control.Request, out *enforce.Outcome) *control.Response {
	resp := &control.Response{
		Changed: out.Changed, Kept: out.Kept, PardonedUntil: out.PardonedUntil, Unpardoned: out.Unpardoned,
	}
	for _, c := range out.Covered {
		resp.Covered = append(resp.Covered, control.Cover{Prefix: c.Prefix, By: c.By.Prefix, Set: c.By.Set()})
	}
	if req.Op == control.OpDel && req.Pardon == 0 && s.table != nil {
		resp.Covered = append(resp.Covered, listed(req.Prefixes, s.table.Lookup)...)
	}
	return resp
}

// maxListed is how many prefixes of one change are looked for in block lists.
const maxListed = 1000

// listed tells which prefixes block lists cover, whatever was lifted by name: only
// the kernel has them at hand. What it does not answer is left out, for the change
// is made.
func listed(prefixes []netip.Prefix, lookup func(netip.Addr) ([]nft.Ban, bool, error)) []control.Cover {
	var out []control.Cover
	for _, p := range prefixes[:min(len(prefixes), maxListed)] {
		bans, allowed, err := lookup(p.Addr())
		if err != nil {
			return out
		}
		for i := range bans {
			if b := &bans[i]; b.Layer == nft.LayerFeed && b.Prefix.Bits() <= p.Bits() && (!allowed || !p.IsSingleIP()) {
				out = append(out, control.Cover{Prefix: p, By: b.Prefix, Set: b.Set})
			}
		}
	}
	return out
}

func release(e *policy.Engine, prefixes []netip.Prefix, now time.Time) {
	for _, p := range prefixes {
		e.Release(p, now)
	}
}

func handOf(req *control.Request, done func(enforce.Outcome, error)) *enforce.Hand {
	h := &enforce.Hand{Done: done}
	switch req.Op {
	case control.OpAdd:
		h.Add, h.For, h.Reason = req.Prefixes, req.For, printable(req.Reason)
	case control.OpDel:
		h.Del, h.Pardon = req.Prefixes, req.Pardon
	default:
		h.Flush = true
	}
	return h
}

// checkRequest refuses what no command of ours sends. Whoever may write to the
// socket must not be able to stop the service with it.
func checkRequest(req *control.Request) error {
	var faults []error
	for _, p := range req.Prefixes {
		if normal, err := nft.Normalize(p); err != nil {
			faults = append(faults, err)
		} else if normal != p {
			faults = append(faults, fmt.Errorf("%s is to be written %s", p, normal))
		}
	}
	named := req.Op == control.OpAdd || req.Op == control.OpDel
	switch {
	case named && len(req.Prefixes) == 0:
		faults = append(faults, errors.New("no prefix is named"))
	case req.Op == control.OpAdd && req.For < time.Second:
		faults = append(faults, fmt.Errorf("a ban of %s is shorter than a second", req.For))
	case req.Pardon != 0 && (req.Op != control.OpDel || req.Pardon < time.Second || req.Pardon > maxPardon):
		faults = append(faults, fmt.Errorf("a pardon of %s: choose a second to %s", req.Pardon, maxPardon))
	case req.Op == control.OpWhy && len(req.Prefixes) != 1:
		faults = append(faults, fmt.Errorf("why is asked of one prefix, not of %d", len(req.Prefixes)))
	case req.Op == control.OpTop && (req.Rows < 1 || req.Rows > maxTop):
		faults = append(faults, fmt.Errorf("%d rows: choose 1 to %d", req.Rows, maxTop))
	}
	return errors.Join(faults...)
}

// checkChange refuses to ban what is never banned. All of it is told at once.
func checkChange(req *control.Request, spared func(netip.Prefix) (policy.Refusal, bool)) error {
	if req.Op != control.OpAdd {
		return nil
	}
	var refused []error
	for _, p := range req.Prefixes {
		if why, yes := spared(p); yes {
			refused = append(refused, fmt.Errorf("%s is never banned (%s)", enforce.Addr(p), why))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return withHint(errors.Join(refused...), "nothing was changed; smtpbl(8) lists who is always let through")
}
