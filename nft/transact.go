package nft

import (
	"slices"

	"golang.org/x/sys/unix"
)

// manner is how a transaction treats bans that stand already.
type manner uint8

const (
	addNew  manner = iota // there are none, nor any to lift: the kernel answers EEXIST
	replace               // they are replaced
)

// choice is which changes of a set go into a message, and as what.
type choice uint8

const (
	allKeys    choice = iota // keys of all
	keysToLift               // keys of bans to lift
	keysToSet                // keys of bans to set
	bansToSet                // bans to set, with their timeouts
)

// has tells whether a change is one of the choice.
func (which choice) has(c *Change) bool {
	return which == allKeys || c.Remove == (which == keysToLift)
}

// group is the part of a transaction that concerns one set.
type group struct {
	kind   kind
	set    string
	adds   bool // some of its changes set a ban
	unmade bool // there is no such set yet
}

// groups finds the sets that changes concern, in the order in which they come
// up.
func (t *Table) groups(chunk []Change) []group {
	t.parts = t.parts[:0]
	at := 0
	for i := range chunk {
		k := chunk[i].Key().kind()
		if at >= len(t.parts) || t.parts[at].kind != k {
			at = slices.IndexFunc(t.parts, func(g group) bool { return g.kind == k })
		}
		if at < 0 {
			at = len(t.parts)
			t.parts = append(t.parts, group{kind: k, set: k.set(), unmade: !slices.Contains(t.kinds, k)})
		}
		t.parts[at].adds = t.parts[at].adds || !chunk[i].Remove
	}
	return t.parts
}

// transact builds and commits one transaction.
func (t *Table) transact(chunk []Change, how manner) error {
	b := newBatch(t.sock.out)
	begun := b.count
	var made []kind
	for _, g := range t.groups(chunk) {
		if g.unmade {
			if !g.adds {
				continue // no set of this kind, so nothing to lift
			}
			if err := t.make(b, g.kind); err != nil {
				return err
			}
			made = append(made, g.kind)
		}
		t.write(b, g, chunk, how)
	}
	if b.count == begun {
		return nil
	}
	if banEverywhere(made) {
		if err := b.everywhere(t.cfg, slices.Concat(t.kinds, made)); err != nil {
			return err
		}
	}
	if err := t.sock.commit(b); err != nil {
		return b.naming(err)
	}
	t.kinds = append(t.kinds, made...)
	return nil
}

// make appends the set of a kind that comes up for the first time, and the rule
// that looks into it, which for bans at all ports comes with others at the end
// of the transaction. A standing kind without a set means that Ensure was not
// called; its transaction then fails as one on a missing table does.
func (t *Table) make(b *batch, k kind) error {
	if k.stands() {
		return nil
	}
	b.set(t.cfg.Table, banSpec(k, t.cfg.setSize(), t.cfg.ElementCounters))
	if k.layer == LayerAll {
		return nil
	}
	return b.rule(t.cfg.Table, chainBlacklist, banRule(k))
}

// write appends the changes of one set: first the removals, to make room in a
// set that is full. To replace a ban it is removed as well: kernels below 6.12
// ignore the new timeout of an element that exists, and later ones ignore it
// when it equals the old one.
func (t *Table) write(b *batch, g group, chunk []Change, how manner) {
	flags := uint16(create | unix.NLM_F_EXCL)
	if how == replace {
		flags = create
		t.remove(b, g, chunk)
	}
	if g.adds {
		b.changes(unix.NFT_MSG_NEWSETELEM, flags, t.cfg.Table, g, chunk, bansToSet)
	}
}

// remove appends the removal of bans, whether there or not. Where the kernel
// cannot do that, a removal of what is missing fails, and so everything is
// added first: those to lift before the others, because these need the room of
// those in a set that is full.
func (t *Table) remove(b *batch, g group, chunk []Change) {
	if t.kernel.Destroy {
		b.changes(msgDestroyElement, 0, t.cfg.Table, g, chunk, allKeys)
		return
	}
	for _, which := range []choice{keysToLift, keysToSet} {
		b.changes(unix.NFT_MSG_NEWSETELEM, create, t.cfg.Table, g, chunk, which)
		b.changes(unix.NFT_MSG_DELSETELEM, 0, t.cfg.Table, g, chunk, which)
	}
}

// changes appends messages that do typ to elements of a group's set, straight
// from the changes.
func (b *batch) changes(typ, flags uint16, table string, g group, chunk []Change, which choice) {
	n, list := 0, 0
	for i := range chunk {
		c := &chunk[i]
		if !which.has(c) || c.Key().kind() != g.kind {
			continue
		}
		if n == 0 {
			list = b.openElements(typ, flags, table, g.set)
		}
		el := keyed(c.Prefix)
		if which == bansToSet {
			el.timeout = clampTimeout(c.Timeout)
		}
		el.encode(&b.encoder)
		if n++; n == elementsPerMessage {
			b.shutElements(list)
			n = 0
		}
	}
	if n > 0 {
		b.shutElements(list)
	}
}
