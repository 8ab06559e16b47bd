package ufw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
)

// change is what becomes of one rules file.
type change struct {
	rules
	text []byte
}

func (c *change) differs() bool { return !bytes.Equal(c.text, c.rules.text) }

// reverse is the change that undoes c.
func (c *change) reverse() change {
	r := c.rules
	r.text = c.text
	return change{rules: r, text: c.rules.text}
}

// unchanged refuses to replace a file that is not what was read: editors do not
// take ufw's lock, and what was saved meanwhile must not be lost.
func (c *change) unchanged() error {
	now, err := os.ReadFile(c.path)
	if err != nil {
		return fmt.Errorf("look at the rules of ufw again: %w", err)
	}
	if !bytes.Equal(now, c.rules.text) {
		return fmt.Errorf("%w: %s", ErrEdited, c.path)
	}
	return nil
}

// apply checks, keeps and replaces the files that change, then brings the
// kernel in line. If the kernel refuses, the files are put back.
func (h *Harness) apply(ctx context.Context, changes []change, plan planner) (Result, error) {
	var res Result
	var wanted []change
	for i := range changes {
		c := &changes[i]
		if !c.differs() {
			continue
		}
		if err := h.try(ctx, c); err != nil {
			return res, err
		}
		wanted = append(wanted, *c)
	}
	backups, err := h.keep(wanted)
	if err != nil {
		return res, err
	}
	if err := swap(wanted); err != nil {
		return res, errors.Join(err, forget(backups))
	}
	if res.Kernel, err = h.load(ctx, plan); err != nil {
		undone := putBack(wanted)
		if undone == nil {
			undone = forget(backups)
		}
		return Result{}, errors.Join(err, undone)
	}
	res.Backups = backups
	for i := range wanted {
		res.Changed = append(res.Changed, wanted[i].path)
	}
	return res, nil
}

// swap replaces all files or none. Both new files lie complete on the disk
// before the first takes its place; should the machine stop between the two
// renames, the next Install or Remove finishes what was begun.
func swap(changes []change) error {
	var ready []*replacement
	defer func() {
		for _, r := range ready {
			r.discard() // those in place are gone from there
		}
	}()
	for i := range changes {
		r, err := prepare(changes[i].path, changes[i].text)
		if err != nil {
			return err
		}
		ready = append(ready, r)
	}
	return commitAll(ready, changes)
}

// commitAll puts the new files in place, or back those that were.
func commitAll(ready []*replacement, changes []change) error {
	for i, r := range ready {
		if err := r.replace(&changes[i]); err != nil {
			return errors.Join(err, putBack(changes[:i]))
		}
	}
	return nil
}

// putBack undoes the replacements that were made, as far as it can.
func putBack(changes []change) error {
	errs := make([]error, 0, len(changes))
	for i := range changes {
		back := changes[i].reverse()
		r, err := prepare(back.path, back.text)
		if err == nil {
			err = r.replace(&back)
			r.discard()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
