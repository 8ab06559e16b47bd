package vm

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Snapshot keeps the running machine, with its memory and its disk, under a
// name. The machine goes on.
func (m *VM) Snapshot(ctx context.Context, name string) error {
	if m.proc == nil {
		return ErrGone
	}
	ctx, cancel := context.WithTimeout(ctx, m.Slow(15*time.Second))
	defer cancel()
	if err := monitor(ctx, m.path("qmp"), "savevm "+name); err != nil {
		return fmt.Errorf("snapshot %s: %w", name, err)
	}
	m.snap[name] = true
	return nil
}

// Restore brings the machine back to the snapshot, whether it runs or not, and
// sets its clock, which went on outside. That takes some seconds where a boot
// takes half a minute.
func (m *VM) Restore(ctx context.Context, name string) error {
	if !m.snap[name] {
		return fmt.Errorf("restore %s: no such snapshot", name)
	}
	m.stop()
	if err := m.start(ctx, name); err != nil {
		return err
	}
	_, err := m.Must(ctx, fmt.Sprintf("date -s @%d", time.Now().Unix()))
	return err
}

var errMonitor = errors.New("QEMU's monitor")
