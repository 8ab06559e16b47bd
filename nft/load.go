package nft

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Load sets bans that are expected not to stand yet, for the half of what Apply
// costs. One that stands all the same keeps its end and its counter. Of several
// changes of one ban the first counts. Removals are refused with ErrPrefix, and
// everything else is as with Apply.
func (t *Table) Load(changes []Change) error {
	return t.inBatches(changes, t.normalize, t.add)
}

// add writes bans that do not stand. If one does, or if it is not known what
// became of the first attempt, the kernel is asked for each of them and the
// missing ones are added.
func (t *Table) add(chunk []Change) error {
	err := t.transact(chunk, addNew)
	if !errors.Is(err, unix.EEXIST) && !errors.Is(err, errUnconfirmed) {
		return err
	}
	missing, err := t.missing(chunk)
	if err != nil {
		return err
	}
	err = t.transact(missing, addNew)
	if errors.Is(err, unix.EEXIST) && len(missing) == 1 {
		return nil // somebody else added it just now
	}
	return err
}

// missing returns those of the bans that do not stand, each once.
func (t *Table) missing(chunk []Change) ([]Change, error) {
	keys := make([]Key, len(chunk))
	for i := range chunk {
		keys[i] = chunk[i].Key()
	}
	done := make(map[Key]struct{}, len(chunk))
	for some := range slices.Chunk(keys, keysPerRequest) {
		bans, err := t.sock.lookUp(t.cfg.Table, some)
		if err != nil {
			return nil, err
		}
		for i := range bans {
			done[bans[i].Key()] = struct{}{}
		}
	}
	var missing []Change
	for _, c := range chunk {
		if _, known := done[c.Key()]; !known {
			done[c.Key()] = struct{}{}
			missing = append(missing, c)
		}
	}
	return missing, nil
}

// normalize returns the bans as the sets hold them. The error names those that
// cannot be set.
func (t *Table) normalize(changes []Change) ([]Change, error) {
	var errs []error
	t.ready = slices.Grow(t.ready[:0], len(changes))
	for _, c := range changes {
		k, err := c.Key().normalize()
		if err == nil && c.Remove {
			err = fmt.Errorf("%w: %s is to be lifted, not set", ErrPrefix, k.Prefix)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.Prefix = k.Prefix
		t.ready = append(t.ready, c)
	}
	return t.ready, errors.Join(errs...)
}
