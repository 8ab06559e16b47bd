package nft

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Apply sets and lifts bans. Of several changes of one ban the last counts.
// A ban that stands already gets the new timeout, counted from now, and its
// counter starts again.
//
// Up to 10,000 changes are one transaction; more become several. A prefix that
// cannot be banned or that the kernel refuses is named in the error and does
// not hinder the others. With ErrFull, nothing of the transaction concerned was
// applied. With ErrTableGone, Ensure builds what is missing and the same
// changes can be applied again.
func (t *Table) Apply(changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for chunk := range slices.Chunk(changes, elementsPerBatch) {
		settled, refused := settle(chunk)
		err := t.applyChunk(settled)
		errs = append(errs, refused, err)
		if errors.Is(err, ErrTableGone) || errors.Is(err, ErrOwned) || errors.Is(err, ErrPermission) {
			break
		}
	}
	return errors.Join(errs...)
}

// settle normalizes the prefixes and keeps the last change of each. The error
// names those that cannot be banned.
func settle(changes []Change) ([]Change, error) {
	var errs []error
	settled := make([]Change, 0, len(changes))
	at := make(map[Key]int, len(changes))
	for _, c := range changes {
		k, err := c.Key().normalize()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.Prefix = k.Prefix
		if i, again := at[c.Key()]; again {
			settled[i] = c
			continue
		}
		at[c.Key()] = len(settled)
		settled = append(settled, c)
	}
	return settled, errors.Join(errs...)
}

// applyChunk applies changes in one transaction. If the kernel refuses it for
// the sake of some element, the halves are tried on their own, until the
// element is found and everything else is applied.
func (t *Table) applyChunk(chunk []Change) error {
	err := t.transact(chunk)
	if errors.Is(err, errUnconfirmed) {
		// The same transaction has the same result whether the first one was
		// committed or not.
		err = t.transact(chunk)
	}
	switch {
	case err == nil:
		return nil
	case !blamesElement(err):
		return fmt.Errorf("apply %d changes to table %s: %w", len(chunk), t.cfg.Table, classify(err))
	case len(chunk) == 1:
		return fmt.Errorf("apply change of %s to set %s: %w", chunk[0].Prefix, chunk[0].Key().Set(), err)
	}
	half := len(chunk) / 2
	return errors.Join(t.applyChunk(chunk[:half]), t.applyChunk(chunk[half:]))
}

// blamesElement tells whether an error can come from a single element.
func blamesElement(err error) bool {
	var refusal *messageError
	return errors.As(err, &refusal) && refusal.index > 0 &&
		!slices.Contains([]unix.Errno{unix.ENOENT, unix.ENFILE, unix.EPERM, unix.ENOMEM, unix.ENOBUFS}, refusal.errno)
}

// group is the part of a transaction that concerns one set.
type group struct {
	kind  kind
	all   []element // keys of all changes
	added []element // with the timeouts they shall have
}

// newGroup makes room for the changes of a kind.
func newGroup(k kind, changes []Change) *group {
	n := 0
	for _, c := range changes {
		if c.Key().kind() == k {
			n++
		}
	}
	return &group{kind: k, all: make([]element, 0, n), added: make([]element, 0, n)}
}

// groups sorts changes by set, in the order in which the sets come up.
func groups(chunk []Change) []*group {
	var list []*group
	for i, c := range chunk {
		k := c.Key().kind()
		at := slices.IndexFunc(list, func(g *group) bool { return g.kind == k })
		if at < 0 {
			at = len(list)
			list = append(list, newGroup(k, chunk[i:]))
		}
		g := list[at]
		el := keyed(c.Prefix)
		g.all = append(g.all, el)
		if !c.Remove {
			el.timeout = clampTimeout(c.Timeout)
			g.added = append(g.added, el)
		}
	}
	return list
}

// transact builds and commits one transaction.
func (t *Table) transact(chunk []Change) error {
	b := newBatch(t.sock.out)
	begun := b.count
	var made []kind
	for _, g := range groups(chunk) {
		if !slices.Contains(t.kinds, g.kind) {
			if len(g.added) == 0 {
				continue // no set of this kind, so nothing to lift
			}
			if err := t.make(b, g.kind); err != nil {
				return err
			}
			made = append(made, g.kind)
		}
		t.replace(b, g)
	}
	if b.count == begun {
		return nil
	}
	if err := t.sock.commit(b); err != nil {
		return err
	}
	t.kinds = append(t.kinds, made...)
	return nil
}

// make appends the set of a kind that comes up for the first time, and the rule
// that looks into it. A standing kind without a set means that Ensure was not
// called; its transaction then fails as one on a missing table does.
func (t *Table) make(b *batch, k kind) error {
	if k.stands() {
		return nil
	}
	b.set(t.cfg.Table, banSpec(k, t.cfg.setSize(), t.cfg.ElementCounters))
	return b.rule(t.cfg.Table, chainBlacklist, banRule(k))
}

// replace appends the removal of all keys of the group, whether there or not,
// and the addition of those that shall be there. Adding alone would not do:
// kernels below 6.12 ignore the new timeout of an element that exists, and
// later ones ignore it when it equals the old one.
func (t *Table) replace(b *batch, g *group) {
	table, set := t.cfg.Table, g.kind.set()
	if t.kernel.Destroy {
		b.elements(msgDestroyElement, 0, table, set, g.all)
	} else {
		// A removal of what is missing fails, and so everything is added first.
		b.elements(unix.NFT_MSG_NEWSETELEM, create, table, set, g.all)
		b.elements(unix.NFT_MSG_DELSETELEM, 0, table, set, g.all)
	}
	b.elements(unix.NFT_MSG_NEWSETELEM, create, table, set, g.added)
}
