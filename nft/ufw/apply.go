package ufw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
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

// keep copies the files that will change, with mode and owner, into the
// directory for backups.
func (h *Harness) keep(changes []change) ([]string, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(h.cfg.Backups, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory for backups: %w", err)
	}
	stamp := time.Now().UTC().Format("20060102T150405.000000Z")
	var kept []string
	for i := range changes {
		to := filepath.Join(h.cfg.Backups, changes[i].file+"."+strings.Replace(stamp, ".", "-", 1))
		if err := backup(to, changes[i].path, changes[i].rules.text); err != nil {
			return nil, errors.Join(err, forget(kept))
		}
		kept = append(kept, to)
	}
	return kept, nil
}

// backup writes a text to a new file that is otherwise like the file from.
func backup(to, from string, text []byte) error {
	old, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("keep a backup: %w", err)
	}
	defer old.Close() //nolint:errcheck // only read
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keep a backup: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, likeFile(f, old)); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("keep a backup: %w", err), os.Remove(to))
	}
	return nil
}

// forget removes the backups of a change that was not made.
func forget(backups []string) error {
	errs := make([]error, 0, len(backups))
	for _, path := range backups {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}
