package ufw

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

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
