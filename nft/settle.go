package nft

import (
	"errors"
	"slices"
)

// settle normalizes the prefixes and keeps the last change of each. The error
// names those that cannot be banned.
func (t *Table) settle(changes []Change) ([]Change, error) {
	var errs []error
	t.ready = slices.Grow(t.ready[:0], len(changes))
	if len(t.at) > 0 { // clearing costs time for the room that a map has
		clear(t.at)
	}
	for _, c := range changes {
		k, err := c.Key().normalize()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.Prefix = k.Prefix
		if i, again := t.at[k]; again {
			t.ready[i] = c
			continue
		}
		if len(changes) > 1 {
			t.at[k] = len(t.ready)
		}
		t.ready = append(t.ready, c)
	}
	return t.ready, errors.Join(errs...)
}
