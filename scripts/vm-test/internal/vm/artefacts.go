package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// evidence is what Keep takes from a guest that still answers, by file name.
var evidence = map[string]string{
	"journal.txt":   "journalctl --no-pager -o short-iso-precise",
	"mail.log":      "cat /var/log/mail.log",
	"ruleset.nft":   "nft list ruleset",
	"dmesg.txt":     "dmesg",
	"processes.txt": "ps auxww",
	"smtpbl.txt":    "systemctl status --no-pager -l smtpbl; smtpbl status; smtpbl set list",
}

// Keep writes what tells of a failure into the folder Artefacts and returns it: the console, and of a guest that answers also its logs,
// rules and processes.
func (m *VM) Keep(ctx context.Context) (string, error) {
	dir := m.Artefacts()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	console, err := os.ReadFile(m.path("console"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "console.txt"), console, 0o644)
	}
	if m.conn == nil {
		return dir, err
	}
	ctx, cancel := context.WithTimeout(ctx, m.Slow(15*time.Second))
	defer cancel()
	errs := []error{err}
	for name, script := range evidence {
		r, err := m.Run(ctx, script)
		errs = append(errs, err)
		if r.Output != "" {
			errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(r.Output), 0o644))
		}
	}
	return dir, errors.Join(errs...)
}

// Artefacts returns the machine's folder for what tells of a failure. It is there
// after Keep only.
func (m *VM) Artefacts() string {
	return filepath.Join(m.o.Artefacts, strings.NewReplacer(":", "-", " ", "-").Replace(m.o.Name))
}

// consoleTail returns the end of the console for an error message.
func (m *VM) consoleTail() string {
	b, err := os.ReadFile(m.path("console"))
	if err != nil {
		return fmt.Sprintf("(no console: %v)", err)
	}
	return tail(string(b))
}
