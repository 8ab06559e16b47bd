package ufw

import (
	"bytes"
	"context"
	"errors"
)

// change is what becomes of one rules file.
type change struct {
	rules
	text []byte
}

func (c *change) differs() bool { return !bytes.Equal(c.text, c.rules.text) }

// apply checks, keeps and replaces the files that change, then brings the
// kernel in line. If the kernel refuses, the files are put back.
func (h *Harness) apply(ctx context.Context, changes []change, plan planner) (Result, error) {
	var res Result
	var wanted, undo []change
	for i := range changes {
		c := &changes[i]
		if !c.differs() {
			continue
		}
		if err := h.try(ctx, c); err != nil {
			return res, err
		}
		wanted = append(wanted, *c)
		undo = append(undo, change{rules: c.rules, text: c.rules.text})
	}
	backups, err := h.keep(wanted)
	if err != nil {
		return res, err
	}
	if err := swap(wanted); err != nil {
		return res, errors.Join(err, forget(backups))
	}
	if res.Kernel, err = h.load(ctx, plan); err != nil {
		return Result{}, errors.Join(err, swap(undo), forget(backups))
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
		if err := r.commit(); err != nil {
			return errors.Join(err, putBack(changes[:i]))
		}
	}
	return nil
}

// putBack undoes the replacements that were made.
func putBack(changes []change) error {
	errs := make([]error, 0, len(changes))
	for i := range changes {
		r, err := prepare(changes[i].path, changes[i].rules.text)
		if err == nil {
			err = r.commit()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
