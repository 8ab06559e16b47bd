package nft

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// ensureAttempts bounds how often Ensure begins again because somebody else
// changed the firewall meanwhile.
const ensureAttempts = 10

// Ensure makes the table stand as configured. Everything that packets meet
// changes in one transaction: they are judged by the old rules or by the new
// ones, never by none.
//
// A table that an earlier run left is adopted with its bans and the time they
// have left; rules, ports and log settings become those of the configuration.
// Bans are carried over into new sets where sets cannot be changed in place: a
// counter for each ban was switched on or off, or a table without protection is
// to be protected. The size of a set can grow in place on kernels from 6.5, and
// is never reduced while the table stands.
//
// The error is ErrForeign for a table that is not ours and ErrOwned for one
// that another process holds. After an error packets are judged as before: a
// table that was built is never reported as an error, because its caller would
// not learn that the bans are gone from it. So what may fail after that, to put
// the feed back, shows in Intact.
func (t *Table) Ensure() (Adoption, error) {
	a, err := t.ensureTable()
	if err == nil {
		t.refeed()
	}
	return a, err
}

func (t *Table) ensureTable() (Adoption, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.ensure(false)
	if err != nil || a.Outcome != Kept {
		return a, err
	}
	larger, err := t.enlarge()
	switch {
	case err == nil:
		return larger.after(a), nil
	case len(a.Created) > 0:
		return a, nil // what was lost matters more than the size
	}
	return a, err
}

// enlarge makes sets anew that are too small and could not grow in place.
func (t *Table) enlarge() (Adoption, error) {
	f, err := t.sock.find(t.cfg.Table)
	if err != nil || !f.tooSmall(t.cfg.setSize()) {
		return Adoption{Outcome: Kept, Protected: t.protects()}, err
	}
	return t.ensure(true)
}

// ensure repeats one round until nobody interferes. The transaction names the
// generation that the round was planned for, and the kernel refuses it with
// ERESTART if there is a newer one, so that no ban that was added since is lost.
func (t *Table) ensure(force bool) (Adoption, error) {
	var unknown Adoption // of rounds that may have been committed
	var err error
	for range ensureAttempts {
		var a Adoption
		if a, err = t.ensureOnce(force); !interfered(err) {
			return a.after(unknown), err
		}
		if errors.Is(err, errUnconfirmed) {
			unknown = a.after(unknown)
		}
	}
	return Adoption{}, fmt.Errorf("build table %s: the firewall keeps changing: %w", t.cfg.Table, err)
}

// errFlagsSet says that one round was spent on the flags of the table.
var errFlagsSet = errors.New("the flags of the table were set")

// interfered tells whether another round can do better.
func interfered(err error) bool {
	return errors.Is(err, errFlagsSet) || errors.Is(err, unix.ERESTART) || errors.Is(err, errInterrupted) || errors.Is(err, errUnconfirmed)
}

func (t *Table) ensureOnce(force bool) (Adoption, error) {
	gen, err := t.sock.generation()
	if err != nil {
		return Adoption{}, err
	}
	f, err := t.sock.find(t.cfg.Table)
	if err != nil {
		return Adoption{}, err
	}
	if err := t.mayWrite(f); err != nil {
		return Adoption{}, fmt.Errorf("adopt table %s: %w", t.cfg.Table, err)
	}
	p := plan{t: t, found: f, outcome: t.outcome(f, force), kinds: f.kinds(t.kinds)}
	if p.stays() && p.flags() != f.flags {
		return Adoption{}, t.setFlags(p.flags(), gen)
	}
	if err := p.leaveIdle(); err != nil {
		return Adoption{}, err
	}
	if err := p.carry(); err != nil {
		return Adoption{}, err
	}
	b := newBatchAt(t.sock.out, gen)
	if err := p.write(b); err != nil {
		return Adoption{}, fmt.Errorf("build table %s: %w", t.cfg.Table, err)
	}
	if err := t.sock.commit(b); err != nil {
		return p.adoption(), fmt.Errorf("build table %s: %w", t.cfg.Table, classify(err))
	}
	t.kinds, t.feeds = p.kinds, p.feeds()
	t.legible = t.readsBack(gen + 1)
	return p.adoption(), nil
}

// readsBack tells whether the kernel tells the rules that were committed as gen
// in the way that we write them. If that cannot be found out, because others
// change the firewall just now, the answer is yes: Intact then compares, and the
// Ensure that it leads to tries again.
func (t *Table) readsBack(gen uint32) bool {
	same, err := t.sock.rulesAre(t.cfg.Table, ruleset(t.cfg, t.kinds, t.feeds))
	if same || err != nil {
		return true
	}
	now, err := t.sock.generation()
	return err != nil || now != gen
}

// setFlags takes the table into possession, or wakes it up, while its old rules
// are in force, and returns errFlagsSet when it has. That is a transaction of
// its own, because the kernel refuses to change flags and to add a base chain in
// the same one.
func (t *Table) setFlags(flags, gen uint32) error {
	b := newBatchAt(t.sock.out, gen)
	b.table(t.cfg.Table, flags)
	if err := t.sock.commit(b); err != nil {
		return fmt.Errorf("set flags of table %s: %w", t.cfg.Table, classify(err))
	}
	return errFlagsSet
}

// mayWrite refuses a table that belongs to somebody else.
func (t *Table) mayWrite(f found) error {
	if f.owner != 0 && f.owner != t.sock.port() {
		return ErrOwned
	}
	empty := len(f.sets) == 0 && len(f.chains) == 0
	_, hasChain := f.chains[chainBlacklist]
	if !f.exists || empty || hasChain || len(f.bans()) > 0 {
		return f.incompatible()
	}
	return ErrForeign
}

// incompatible refuses sets that have our names and cannot hold our bans.
func (f found) incompatible() error {
	for _, k := range f.bans() {
		set := f.sets[k.set()]
		if !set.regular || set.spec.flags&unix.NFT_SET_INTERVAL != 0 || set.spec.keyLen != uint32(k.keyBytes()) {
			return fmt.Errorf("%w: its set %s is of another kind", ErrForeign, k.set())
		}
	}
	return nil
}

// outcome decides how much of the table can stay.
func (t *Table) outcome(f found, force bool) Outcome {
	switch {
	case !f.exists:
		return Built
	case force, t.protects() && f.flags&tablePersist == 0, !t.fits(f):
		return Rebuilt
	case len(f.bans()) == 0:
		return Built
	}
	return Kept
}

// fits tells whether every set that stands can be kept.
func (t *Table) fits(f found) bool {
	for _, k := range f.bans() {
		set := f.sets[k.set()].spec
		if set.flags&unix.NFT_SET_TIMEOUT == 0 || set.counted != t.cfg.ElementCounters {
			return false
		}
	}
	for _, want := range plainSpecs() {
		set, ok := f.sets[want.name]
		if ok && (!set.regular || set.spec.flags != want.flags || set.spec.keyLen != want.keyLen) {
			return false
		}
	}
	return true
}

// tooSmall tells whether a ban set has a lower limit than wanted.
func (f found) tooSmall(size uint32) bool {
	return slices.ContainsFunc(f.bans(), func(k kind) bool {
		have := f.sets[k.set()].spec.size
		return have != 0 && have < size
	})
}
