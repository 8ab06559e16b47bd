package nft

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Apply sets and lifts bans. Of several changes of one ban the last counts.
// A ban that stands already gets the new timeout, counted from now, and its
// counter starts again.
//
// Up to 10,000 changes are one transaction; more become several, so small that
// other programs' changes wait for less than 50 ms. A prefix that cannot be
// banned or that the kernel refuses is named in the error and does not hinder
// the others. With a FullError, nothing of the transaction concerned was
// applied. With ErrTableGone, Ensure builds what is missing and the same changes
// can be applied again.
func (t *Table) Apply(changes []Change) error {
	return t.inBatches(changes, t.settle, t.set)
}

// inBatches cuts changes into transactions. prepare returns what of a piece can
// be written, which is valid until the next call, and names what cannot.
func (t *Table) inBatches(changes []Change, prepare func([]Change) ([]Change, error), commit func([]Change) error) error {
	var errs []error
	for left := changes; len(left) > 0; {
		done, refused, err := t.nextBatch(left, len(left) == len(changes), prepare, commit)
		left = left[done:]
		errs = append(errs, refused, err)
		if errors.Is(err, ErrTableGone) || errors.Is(err, ErrOwned) || errors.Is(err, ErrPermission) {
			break
		}
	}
	return errors.Join(errs...)
}

// nextBatch commits a piece of the changes that are left and returns its length.
func (t *Table) nextBatch(left []Change, whole bool, prepare func([]Change) ([]Change, error), commit func([]Change) error) (done int, refused, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	done = t.pace.next(whole, len(left))
	ready, refused := prepare(left[:done])
	start := time.Now()
	err = t.inHalves(ready, commit)
	t.pace.took(len(ready), time.Since(start))
	return done, refused, err
}

// inHalves commits changes in one transaction. If the kernel refuses it for
// the sake of some element, the halves are tried on their own, until the
// element is found and everything else is applied.
func (t *Table) inHalves(chunk []Change, commit func([]Change) error) error {
	if len(chunk) == 0 {
		return nil
	}
	err := commit(chunk)
	switch {
	case err == nil:
		return nil
	case !blamesElement(err):
		return fmt.Errorf("apply %d changes to table %s: %w", len(chunk), t.cfg.Table, classify(err))
	case len(chunk) == 1:
		return fmt.Errorf("apply change of %s to set %s: %w", chunk[0].Prefix, chunk[0].Key().Set(), err)
	}
	half := len(chunk) / 2
	return errors.Join(t.inHalves(chunk[:half], commit), t.inHalves(chunk[half:], commit))
}

// blamesElement tells whether an error can come from a single element.
func blamesElement(err error) bool {
	var refusal *messageError
	return errors.As(err, &refusal) && refusal.index > 0 &&
		!slices.Contains([]unix.Errno{unix.ENOENT, unix.ENFILE, unix.EPERM, unix.ENOMEM, unix.ENOBUFS}, refusal.errno)
}

// set writes changes whatever stands. If it is not known what became of the
// first attempt it is made again: the result is the same however often it is
// done. To try first whether nothing stands, as add does, would not pay: where
// something does the kernel rolls back and waits for all readers of the set
// (synchronize_rcu in nf_tables_abort), for 20 ms or so.
func (t *Table) set(chunk []Change) error {
	err := t.transact(chunk, replace)
	switch {
	case errors.Is(err, errUnconfirmed):
		return t.transact(chunk, replace)
	case errors.Is(err, ErrFull) && !t.kernel.Destroy:
		return t.setInFull(chunk, err)
	}
	return err
}

// setInFull leaves out bans to lift that do not stand. A kernel that cannot
// destroy elements has to add such a ban first, and a full set has no room.
func (t *Table) setInFull(chunk []Change, full error) error {
	lifts := slices.DeleteFunc(slices.Clone(chunk), func(c Change) bool { return !c.Remove })
	missing, err := t.missing(lifts)
	if err != nil || len(missing) == 0 {
		return full
	}
	idle := make(map[Key]struct{}, len(missing))
	for _, c := range missing {
		idle[c.Key()] = struct{}{}
	}
	return t.transact(slices.DeleteFunc(slices.Clone(chunk), func(c Change) bool {
		_, skip := idle[c.Key()]
		return skip
	}), replace)
}
