package vm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Reboot restarts the guest in order and waits until its agent answers again.
func (m *VM) Reboot(ctx context.Context) error {
	if err := m.leave(ctx, "reboot"); err != nil {
		return err
	}
	return m.Start(ctx)
}

// PowerOff shuts the guest down in order. Start turns it on again.
func (m *VM) PowerOff(ctx context.Context) error { return m.leave(ctx, "poweroff") }

// PowerCut turns the machine off at once: what the guest has not synced to its
// disk is lost. Start turns it on again.
func (m *VM) PowerCut() { m.stop() }

// leave asks systemd for the end and waits until QEMU has ended.
func (m *VM) leave(ctx context.Context, how string) error {
	if m.proc == nil {
		return ErrGone
	}
	ctx, cancel := context.WithTimeout(ctx, m.Slow(30*time.Second))
	defer cancel()
	// The machine may be gone before the answer.
	if r, err := m.Run(ctx, "systemctl --no-block "+how); err != nil && !errors.Is(err, ErrGone) || r.Code > 0 {
		return fmt.Errorf("%s %s: exit code %d, %w", how, m.o.Name, r.Code, err)
	}
	select {
	case <-m.proc.ended:
		err := m.proc.err
		m.stop()
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s %s: not off: %w\n%s", how, m.o.Name, ctx.Err(), m.consoleTail())
	}
}

// Settled waits until systemd has started all it has to. Its error names the
// units that failed.
func (m *VM) Settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.Slow(time.Minute))
	defer cancel()
	r, err := m.Run(ctx, "systemctl is-system-running --wait")
	if err != nil {
		return err
	}
	if state := strings.TrimSpace(r.Output); state != "running" {
		units, err := m.Run(ctx, "systemctl --failed --no-legend --plain; systemctl list-jobs --no-legend")
		return errors.Join(fmt.Errorf("the system is %s: %s", state, strings.TrimSpace(units.Output)), err)
	}
	return nil
}
