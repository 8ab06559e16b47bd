package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
)

// count fills the rows from the counters of the bans. Rates come from what was
// added since the last look; at the first one there are none.
func (w *topWatch) count(ctx context.Context, t *top) error {
	resp, err := control.Call(ctx, w.cfg.RuntimeDir, &control.Request{Op: control.OpList})
	if err != nil {
		return err
	}
	now := time.Now()
	t.Sources, t.Rows = len(resp.Bans), w.countRows(resp.Bans, now.Sub(w.lastAt))
	w.remember(resp.Bans, now)
	return nil
}

// remember keeps the counters for the next look.
func (w *topWatch) remember(bans []control.Ban, now time.Time) {
	w.last, w.lastAt = make(map[string]uint64, len(bans)), now
	for i := range bans {
		w.last[banKey(&bans[i])] = bans[i].Packets
	}
}

// countRows makes rows of the bans that dropped anything, those first that
// dropped most since the last look, and then those that dropped most in all.
func (w *topWatch) countRows(bans []control.Ban, since time.Duration) []topRow {
	type counted struct {
		*control.Ban
		added uint64
	}
	var list []counted
	for i := range bans {
		if b := &bans[i]; b.Packets > 0 {
			list = append(list, counted{b, w.added(b)})
		}
	}
	slices.SortFunc(list, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.added, a.added), cmp.Compare(b.Packets, a.Packets), compareAddr(a.Addr, b.Addr), cmp.Compare(a.Set, b.Set))
	})
	rows := make([]topRow, 0, w.rows)
	for _, c := range list[:min(w.rows, len(list))] {
		row := topRow{Addr: c.Addr, Packets: c.Packets, Set: c.Set, Reason: c.Reason, Remaining: &c.Remaining}
		if w.last != nil {
			rate := float64(c.added) / since.Seconds()
			row.PerSecond = &rate
		}
		rows = append(rows, row)
	}
	return rows
}

// added is what a ban dropped since the last look. A counter that went back
// belongs to a ban that was made anew.
func (w *topWatch) added(b *control.Ban) uint64 {
	before := w.last[banKey(b)]
	if w.last == nil || before > b.Packets {
		return 0
	}
	return b.Packets - before
}

// banKey tells bans of the same prefix in several sets apart.
func banKey(b *control.Ban) string { return b.Set + " " + b.Addr }
