package enforce

import (
	"errors"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// Trial is a time in which bans are tried out: what it holds back until
// somebody confirms it. A trial's bans drop packets as bans do, but the kernel
// ends each of them at the trial's end at the latest, whatever becomes of this
// program; and the history hears nothing of them, nor of the lines that led to
// them, nor how far the logs were read. So when nobody confirms, all is as
// before the trial.
//
// What stands beside them, the bans of before and those by hand, is no part of
// it: it is neither shortened nor lifted. Only in a full set it makes room for
// them, as for any ban, and that is for good.
type Trial struct {
	End  time.Time  `json:"end"`
	Bans []TrialBan `json:"bans"`
	// Mark is the last checkpoint, nil where there was none.
	Mark *Checkpoint `json:"mark"`
	// Evidence are the lines that led to the bans, the last ones.
	Evidence []store.Evidence `json:"evidence"`
}

// TrialBan is a ban that a trial made.
type TrialBan struct {
	// Ban is the ban as it is meant, with its full end.
	Ban store.Record `json:"ban"`
	// Before is the ban in whose place it came, nil where there was none.
	Before *store.Record `json:"before"`
}

// trial is the Trial that is under way; all its methods do nothing on nil.
type trial struct {
	end  time.Time
	bans map[nft.Key]TrialBan
	mark *Checkpoint
	// lines are no more than may wait for the disk.
	lines []store.Evidence
	over  bool // not confirmed: it bans nobody any more
}

// ErrNoTrial means that there is no trial to be confirmed.
var ErrNoTrial = errors.New("no trial is under way")

func newTrial(t *Trial) *trial {
	if t == nil {
		return nil
	}
	out := &trial{end: t.End, bans: make(map[nft.Key]TrialBan, len(t.Bans)), mark: t.Mark, lines: t.Evidence}
	for _, b := range t.Bans {
		out.bans[b.Ban.Key()] = b
	}
	return out
}

// over tells whether the trial is over and was not confirmed.
func (t *trial) isOver(now time.Time) bool { return t != nil && (t.over || !now.Before(t.end)) }

// take keeps a ban as it is meant and returns it as the trial has it. old is the
// ban that it comes in place of, if stands.
func (t *trial) take(r, old store.Record, stands bool) store.Record {
	if t == nil {
		return r
	}
	b, again := t.bans[r.Key()]
	if again {
		if b.Ban.Until.After(r.Until) {
			r.Until = b.Ban.Until
		}
		r.Bans = max(r.Bans, b.Ban.Bans)
	} else if stands {
		b.Before = &old
	}
	b.Ban = r
	t.bans[r.Key()] = b
	return t.shorten(b)
}

// shorten returns a ban as the trial has it: with an end no later than the
// trial's, or than that of the ban in whose place it came.
func (t *trial) shorten(b TrialBan) store.Record {
	r, latest := b.Ban, t.end
	if b.Before != nil && b.Before.Until.After(latest) {
		latest = b.Before.Until
	}
	if r.Until.After(latest) {
		r.Until = latest
	}
	return r
}

// checkpoint hands a checkpoint to the history, or to the trial, which keeps the
// last one. After a trial that nobody confirmed there is none.
func (e *Enforcer) checkpoint(c *Checkpoint) {
	switch t := e.trial; {
	case t == nil:
		e.saver.checkpoint(c)
	case t.over:
		e.saver.drop(c)
	default:
		e.saver.drop(t.mark)
		t.mark = c
	}
}

// holdEvidence keeps the lines that led to bans back, and tells whether it did.
func (t *trial) holdEvidence(list []store.Evidence) bool {
	if t == nil {
		return false
	}
	t.lines = latest(append(t.lines, list...))
	return true
}

// sift returns those of the records that the history may hear of. A ban of the
// trial that ended before its time is forgotten; of the ban in whose place it
// came the history is told the end.
func (t *trial) sift(records []store.Record, now time.Time) []store.Record {
	if t == nil {
		return records
	}
	out := make([]store.Record, 0, len(records))
	for _, r := range records {
		b, ours := t.bans[r.Key()]
		switch {
		case !ours:
			out = append(out, r)
		case r.Active(now):
		default:
			delete(t.bans, r.Key())
			if b.Before != nil {
				b.Before.Until = r.Until
				out = append(out, *b.Before)
			}
		}
	}
	return out
}

// save hands records to the history.
func (e *Enforcer) save(records []store.Record) {
	e.saver.put(e.trial.sift(records, time.Now()))
}

// recallTrial takes over what an earlier life of the program had tried.
func (e *Enforcer) recallTrial(now time.Time, tell func(*store.Record), change func(nft.Change)) {
	if e.trial == nil {
		return
	}
	for _, b := range e.trial.bans {
		tell(&b.Ban)
		if r := e.trial.shorten(b); r.Active(now) {
			e.want(&r, now, change)
		}
	}
}

// Confirm ends the trial well: its bans get their full time and are written, and
// so is how far the logs were read. It returns how many bans go on. For a Work's
// Do.
func (e *Enforcer) Confirm() (bans int, err error) {
	now := time.Now()
	t := e.trial
	if t == nil || t.isOver(now) {
		return 0, ErrNoTrial
	}
	e.trial = nil
	var changes []nft.Change
	var records []store.Record
	for k, b := range t.bans {
		records = append(records, b.Ban)
		if b.Ban.Active(now) {
			e.ledger.put(b.Ban)
			changes = append(changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: b.Ban.Until.Sub(now)})
		}
	}
	err = e.apply(changes)
	e.saver.put(records)
	e.saver.putEvidence(t.lines)
	if t.mark != nil {
		e.saver.checkpoint(t.mark)
	}
	e.Log.Info("trial confirmed: its bans have their full time", "bans", len(changes))
	e.publish()
	return len(changes), err
}

// GiveUp ends a trial that nobody confirmed: its bans are lifted, and those in
// whose place they came stand again as they were. It returns how many bans there
// would have been, and false where no trial was under way. For a Work's Do.
func (e *Enforcer) GiveUp() (bans int, was bool) {
	t, now := e.trial, time.Now()
	if t == nil {
		return 0, false
	}
	if t.over {
		return len(t.bans), true
	}
	t.over = true
	e.saver.drop(t.mark)
	t.mark = nil
	var changes []nft.Change
	for k, b := range t.bans {
		r, stands := e.ledger.get(k)
		delete(e.pending, k)
		switch {
		case b.Before != nil && b.Before.Active(now):
			e.ledger.put(*b.Before)
			changes = append(changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: b.Before.Until.Sub(now)})
			continue
		case stands:
			e.ledger.remove(r.Key())
			e.Meter.Unbanned("trial")
		}
		changes = append(changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Remove: true})
	}
	if err := e.apply(changes); err != nil {
		e.Log.Warn("bans of the trial are not lifted: the kernel ends them at the trial's end", "err", err)
	}
	e.Log.Warn("trial not confirmed: its bans are lifted", "bans", len(t.bans), "keep_them_with", "smtpbl confirm, before the trial ends")
	e.publish()
	return len(t.bans), true
}

// Trial returns what the trial holds back, nil without one; after Run.
func (e *Enforcer) Trial() *Trial {
	if e.trial == nil {
		return nil
	}
	out := &Trial{End: e.trial.end, Mark: e.trial.mark, Evidence: e.trial.lines}
	for _, b := range e.trial.bans {
		out.Bans = append(out.Bans, b)
	}
	return out
}
