package vm

import (
	"context"
	"fmt"
	"time"
)

// slow is how much longer than on a real processor anything may take where it is
// emulated and shares the machine with other work: a boot that takes 25 s was
// seen to take 77 s beside two busy neighbours.
const slow = 4

// Slow returns the deadline d of a real machine as it is to be on this one.
func (m *VM) Slow(d time.Duration) time.Duration { return d * time.Duration(m.SlowFactor()) }

// SlowFactor is what Slow multiplies by.
func (m *VM) SlowFactor() int {
	if m.o.Accel.KVM {
		return 1
	}
	return slow
}

// Until polls try until it returns nil. After d, made longer by Slow, it returns
// an error with what was waited for and the last error of try.
func (m *VM) Until(ctx context.Context, what string, d time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, m.Slow(d))
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
