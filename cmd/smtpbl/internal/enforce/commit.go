package enforce

import (
	"errors"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// group is what is committed together.
type group struct {
	decisions []policy.Decision
	readAt    []time.Time // of the work each decision came with
	evidence  []store.Evidence
	last      *Work // work that must come after the decisions
}

func (g *group) add(w Work) {
	for _, d := range w.Decisions {
		g.decisions = append(g.decisions, d)
		g.readAt = append(g.readAt, w.ReadAt)
	}
	g.evidence = append(g.evidence, w.Evidence...)
	if w.alone() {
		g.last = &w
	}
}

// commit brings a group into effect: ledger, kernel, history, report.
func (e *Enforcer) commit(g *group) {
	if len(g.decisions) > 0 {
		e.commitDecisions(g)
	}
	if !e.trial.holdEvidence(g.evidence) {
		e.saver.putEvidence(g.evidence)
	}
	w := g.last
	if w == nil {
		return
	}
	e.tell()
	if w.Hand != nil {
		e.byHand(w.Hand)
	}
	if w.Checkpoint != nil {
		e.checkpoint(w.Checkpoint)
	}
	if w.Do != nil {
		w.Do(e)
	}
}

func (e *Enforcer) commitDecisions(g *group) {
	now := time.Now()
	if e.trial.isOver(now) {
		return
	}
	changes := make([]nft.Change, 0, len(g.decisions))
	records := make([]store.Record, 0, len(g.decisions))
	for i := range g.decisions {
		d := &g.decisions[i]
		if d.Ban() && e.isPardoned(d.Prefix) {
			e.refuse(d)
		}
		if !d.Ban() {
			e.report(d, nil, time.Time{}, now)
			continue
		}
		r := e.merge(record(d))
		old, stands := e.ledger.get(r.Key())
		r = e.trial.take(r, old, stands)
		records = append(records, r)
		if r.Active(now) {
			changes = append(changes, nft.Change{Layer: r.Layer, Prefix: r.Prefix, Timeout: r.Until.Sub(now)})
		}
	}
	room := e.makeRoom(changes)
	for _, r := range records {
		if r.Active(now) {
			e.ledger.put(r)
		}
	}
	err := e.apply(append(room, changes...))
	e.save(records)
	for i := range g.decisions {
		if d := &g.decisions[i]; d.Ban() {
			e.report(d, err, g.readAt[i], now)
		}
	}
}

func record(d *policy.Decision) store.Record {
	return store.Record{
		Layer: layerOf(d.Step), Prefix: d.Prefix, Rule: d.Rule, Step: d.Step, Bans: d.Rank,
		At: d.At, Until: d.Until, Reason: d.Reason(),
	}
}

// layerOf is where a step's bans are kept: those of all ports beside those of
// the mail ports, so that each ends at its own time.
func layerOf(s policy.Step) nft.Layer {
	if s == policy.StepAll {
		return nft.LayerAll
	}
	return nft.LayerPolicy
}

// keyOf names the ban of a decision.
func keyOf(d *policy.Decision) nft.Key { return nft.Key{Layer: layerOf(d.Step), Prefix: d.Prefix} }

// merge keeps the later end where the prefix is banned already in the same
// layer: banning again never shortens.
func (e *Enforcer) merge(r store.Record) store.Record {
	old, ok := e.ledger.get(r.Key())
	if !ok {
		return r
	}
	if old.Until.After(r.Until) {
		r.Until = old.Until
	}
	r.Bans = max(r.Bans, old.Bans)
	return r
}

// makeRoom lifts the bans that end soonest where adding would make a set
// outgrow MaxBans, and returns the changes that do it. What is being added
// stays: it attacks now, and what would have ended first costs least.
func (e *Enforcer) makeRoom(adding []nft.Change) []nft.Change {
	if e.MaxBans <= 0 {
		return nil
	}
	sizes := e.ledger.sizes()
	for _, c := range adding {
		if _, stands := e.ledger.get(c.Key()); !stands {
			sizes[c.Key().Set()]++
		}
	}
	var out []nft.Change
	for set, n := range sizes {
		for ; n > e.MaxBans; n-- {
			r, ok := e.ledger.soonest(set)
			if !ok {
				break
			}
			e.ledger.remove(r.Key())
			out = append(out, e.evict(r, "max_bans"))
		}
	}
	return out
}

// apply commits changes to the kernel. A table that somebody deleted is rebuilt
// first, with every wanted ban. What the kernel refuses is remembered and tried
// again.
func (e *Enforcer) apply(changes []nft.Change) error {
	if e.Kernel == nil || len(changes) == 0 {
		return nil
	}
	start := time.Now()
	err := e.Kernel.Apply(changes)
	if errors.Is(err, nft.ErrFull) {
		err = e.applyToFull(changes)
	}
	if errors.Is(err, nft.ErrTableGone) {
		if err = e.rebuild(causeGone, nft.Foreign{}); err == nil {
			err = e.Kernel.Apply(changes)
		}
	}
	e.Meter.Committed(time.Since(start))
	if err != nil {
		e.postpone(changes, err)
		return err
	}
	for _, c := range changes {
		delete(e.pending, c.Key()) // what was tried again later would undo this
	}
	return nil
}

// report says what became of a decision, in the log and in the metrics.
func (e *Enforcer) report(d *policy.Decision, err error, readAt, now time.Time) {
	switch {
	case d.Refusal != "":
		e.Meter.Refused(d.Refusal)
		e.Log.Warn("not banned", "addr", Addr(d.Prefix), "because", string(d.Refusal), "failures", d.Failures, "over", d.Over)
	case d.Step == policy.StepSoft:
		e.soften(d, now)
	case !d.Until.After(now):
		e.Log.Info("ban already over", "addr", Addr(d.Prefix), "reason", d.Reason(), "at", d.At, "until", d.Until)
	case e.isPending(keyOf(d)):
		e.Log.Error("ban is not enforced yet", "addr", Addr(d.Prefix), "reason", d.Reason(), "err", err)
	default:
		e.Meter.Banned(d.Rule, d.Step)
		if !readAt.IsZero() {
			e.Meter.Enforced(time.Since(readAt))
		}
		e.health.decided(d)
		e.killer.add(layerOf(d.Step), d.Prefix)
		e.untold = append(e.untold, *d)
	}
}

// untoldMax bounds how long a flood of bans can put their lines in the log off.
const untoldMax = 10_000

// tell logs the bans and soft steps that took effect. A line costs as much as a ban, so in a
// burst the lines are written when all of it is enforced.
func (e *Enforcer) tell() {
	for i := range e.untold {
		d := &e.untold[i]
		if d.Step == policy.StepSoft {
			e.tellSoft(d)
			continue
		}
		e.log("addr", Addr(d.Prefix), "reason", d.Reason(), "rule", string(d.Rule), "step", string(d.Step),
			"failures", d.Failures, "over", d.Over.Round(time.Millisecond), "for", d.For(), "until", d.Until.Format(time.RFC3339))
	}
	clear(e.untold)
	e.untold = e.untold[:0]
}

// log writes the line that says "banned", or in a dry run what would be.
func (e *Enforcer) log(attrs ...any) {
	if e.trial != nil {
		attrs = append(attrs, "trial_until", e.trial.end.Format(time.RFC3339))
	}
	if e.Kernel == nil {
		e.Log.Info("would ban", attrs...)
		return
	}
	e.Log.Info("banned", attrs...)
}

// Addr writes a prefix the way people name it: a lone address without its
// length.
func Addr(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
