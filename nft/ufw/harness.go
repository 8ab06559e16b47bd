package ufw

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Config says what the harness is and where things are kept.
type Config struct {
	Spec
	Table   string // our inet table, whose own use of the mark is no conflict
	Backups string // directory for the files as they were before a change; nobody but root may write there or above
}

// Harness installs, removes and inspects the harness of this machine.
type Harness struct {
	cfg Config
	// Where the machine has its files; tests have others.
	etc, defaults, lock string
	run                 runner
}

// New returns the harness; nothing is read yet.
func New(cfg Config) *Harness {
	cfg.Spec = cfg.normal()
	return &Harness{cfg: cfg, etc: "/etc/ufw", defaults: "/etc/default/ufw", lock: "/run/ufw.lock", run: execute}
}

// Result is what Install or Remove did.
type Result struct {
	Changed []string // files that were changed; none if all was as it should be
	Backups []string // those files as they were before
	Kernel  bool     // the running firewall was changed
}

// rules is one rules file as it is.
type rules struct {
	family
	path string // all symbolic links followed
	text []byte
}

// installed tells whether ufw is there; the error is ErrNotInstalled.
func (h *Harness) installed() error {
	if _, err := os.Stat(h.defaults); err != nil {
		return fmt.Errorf("%w: %w", ErrNotInstalled, err)
	}
	return nil
}

// read reads both rules files.
func (h *Harness) read() ([]rules, error) {
	if err := h.installed(); err != nil {
		return nil, err
	}
	var all []rules
	for _, f := range families {
		path, err := filepath.EvalSymlinks(filepath.Join(h.etc, f.file))
		if err != nil {
			return nil, fmt.Errorf("%w, or a part of it is missing: %w", ErrNotInstalled, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the rules of ufw: %w", err)
		}
		all = append(all, rules{family: f, path: path, text: text})
	}
	return all, nil
}

// Files tells what is wrong with the harness in the rules files, without
// running a program: nil means that both have it as the configuration says.
func (h *Harness) Files() error {
	all, err := h.read()
	if err != nil {
		return err
	}
	for _, r := range all {
		if fault := h.fileFault(&r); fault != "" {
			return &SyntaxError{File: r.file, Fault: fault}
		}
	}
	return nil
}

// fileFault tells what is wrong in one file; "" is nothing.
func (h *Harness) fileFault(r *rules) string {
	l, err := r.scan(r.text)
	switch {
	case err != nil:
		return err.Error()
	case !l.hasBlock():
		return "the harness is not in the file"
	case string(r.text[l.begin:l.end]) != r.block(h.cfg.Spec):
		return "the harness in the file is not that of the configuration"
	case !l.inPlace():
		return "the harness is not between the rules that accept loopback and ESTABLISHED"
	}
	return ""
}

// Install puts the harness into both files, or brings it up to date there, and
// into the running firewall if ufw is active. Done twice, the second time
// changes nothing. After an error nothing is changed.
func (h *Harness) Install(ctx context.Context) (Result, error) {
	unlock, err := h.claim(ctx)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	all, err := h.read()
	if err != nil {
		return Result{}, err
	}
	if err := h.filtersIPv6(); err != nil {
		return Result{}, err
	}
	if err := h.unused(ctx); err != nil {
		return Result{}, err
	}
	var changes []change
	for _, r := range all {
		text, err := r.with(r.text, h.cfg.Spec)
		if err != nil {
			return Result{}, err
		}
		changes = append(changes, change{rules: r, text: text})
	}
	return h.apply(ctx, changes, family.loading)
}

// unused refuses a mark that others use too.
func (h *Harness) unused(ctx context.Context) error {
	used, err := h.marks(ctx)
	if err != nil {
		return err
	}
	if found := meeting(used, h.cfg.Mark.Mask); len(found) > 0 {
		return &ConflictError{Mark: h.cfg.Mark, Conflicts: found, Free: freeMark(used)}
	}
	return nil
}

// Remove takes the harness out of both files and out of the kernel. After an
// error nothing is changed.
func (h *Harness) Remove(ctx context.Context) (Result, error) {
	unlock, err := h.claim(ctx)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	all, err := h.read()
	if err != nil {
		return Result{}, err
	}
	var changes []change
	for _, r := range all {
		text, err := r.without(r.text)
		if err != nil {
			return Result{}, err
		}
		changes = append(changes, change{rules: r, text: text})
	}
	return h.apply(ctx, changes, family.unloading)
}
