package nft

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Flush lifts all bans in one transaction. The allow sets and the feed stay.
func (t *Table) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := newBatch(t.sock.out)
	for _, k := range t.kinds {
		b.flushSet(t.cfg.Table, k.set())
	}
	if len(t.kinds) == 0 {
		return fmt.Errorf("lift all bans: %w: call Ensure first", ErrTableGone)
	}
	if err := t.sock.commit(b); err != nil {
		return fmt.Errorf("lift all bans: %w", classify(err))
	}
	return nil
}

// Delete removes the table with all that is in it. That it is missing is no
// error; the error is ErrForeign or ErrOwned where Ensure's would be.
func (t *Table) Delete() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := t.sock.find(t.cfg.Table)
	if err == nil {
		err = t.mayWrite(f)
	}
	if err != nil {
		return fmt.Errorf("delete table %s: %w", t.cfg.Table, err)
	}
	b := newBatch(t.sock.out)
	b.deleteTable(t.cfg.Table)
	err = t.sock.commit(b)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("delete table %s: %w", t.cfg.Table, classify(err))
	}
	t.kinds, t.feeds = nil, feedSets{}
	return nil
}
