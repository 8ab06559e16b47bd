package enforce

import (
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
)

// save writes records to the history. What cannot be written (a full disk) is
// kept in memory and written later: the kernel enforces it meanwhile, and
// only a reboot before that would forget it.
func (e *Enforcer) save(records []store.Record) {
	if e.History == nil || len(records) == 0 {
		return
	}
	if len(e.unsaved) > 0 {
		e.keepUnsaved(records)
		return
	}
	if err := e.History.Put(records); err != nil {
		e.keepUnsaved(records)
		e.historyFailed(err)
	}
}

// maxUnsaved bounds the memory that a broken disk can cost.
const maxUnsaved = 1 << 18

func (e *Enforcer) keepUnsaved(records []store.Record) {
	for _, r := range records {
		if len(e.unsaved) < maxUnsaved {
			e.unsaved[r.Prefix] = r
		}
	}
}

// retrySave writes what an earlier call could not.
func (e *Enforcer) retrySave() {
	if e.History == nil || len(e.unsaved) == 0 {
		return
	}
	records := make([]store.Record, 0, len(e.unsaved))
	for _, r := range e.unsaved {
		records = append(records, r)
	}
	if err := e.History.Put(records); err != nil {
		e.historyFailed(err)
		return
	}
	e.Log.Info("history written again", "bans", len(records))
	e.unsaved = map[netip.Prefix]store.Record{}
	e.health.history("")
}

func (e *Enforcer) historyFailed(err error) {
	if e.health.history(err.Error()) {
		e.Log.Error("history not written: bans hold in the kernel, but a reboot would forget the new ones", "err", err)
	}
}

func (e *Enforcer) checkpoint(c *Checkpoint) {
	if e.History == nil {
		return
	}
	if len(e.unsaved) > 0 {
		return // a position may not be remembered before the effects of its lines
	}
	if err := e.History.Checkpoint(c.Positions, c.Snapshot); err != nil {
		e.historyFailed(err)
		return
	}
	e.health.history("")
}

// prune forgets bans that ended so long ago that they no longer count.
func (e *Enforcer) prune(records []store.Record, now time.Time) []store.Record {
	var old []netip.Prefix
	kept := records[:0]
	for _, r := range records {
		if now.Sub(r.Until) > e.Keep {
			old = append(old, r.Prefix)
			continue
		}
		kept = append(kept, r)
	}
	if e.History != nil {
		if err := e.History.Forget(old); err != nil {
			e.historyFailed(err)
		}
	}
	return kept
}
