package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/policy"
)

// settling bounds how long being ready waits for what was read to be judged: a
// flood that never lets the queue run empty is no reason to keep the mail server
// from starting.
const settling = 10 * time.Second

// notify tells systemd (sd_notify(3)) that the service is ready once every
// source follows live, the bans that what they read has earned are in the kernel
// and the doors are open. It feeds the watchdog only after a round trip through Engine and
// Enforcer: a pipeline that hangs is restarted.
func (s *service) notify(ctx context.Context) error {
	select {
	case <-s.sources.ready():
	case <-ctx.Done():
		return nil
	}
	s.settle(ctx)
	s.doors.wait(ctx)
	health := s.enforcer.Health()
	s.log.Info("ready", "bans", health.Wanted, "sources", len(s.sources.stats()), "took", time.Since(s.started).Round(time.Millisecond))
	s.tell(daemon.SdNotifyReady)
	defer s.tellStopping(ctx)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		// The first time at once: for systemd READY=1 is no sign of life, and after
		// a reload the last one may be half the time ago.
		if s.moves(ctx, every/2) {
			s.tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// tellStopping tells systemd that the service ends, unless it begins anew: what
// systemd hears during a reload it does after it, and STOPPING=1 would have it wait
// for the end of a service that goes on, and kill it. A reload has all the time that
// the watchdog gives.
func (s *service) tellStopping(ctx context.Context) {
	if errors.Is(context.Cause(ctx), errReload) {
		s.tell(daemon.SdNotifyWatchdog)
		return
	}
	s.tell(daemon.SdNotifyStopping)
}

// settle waits until all that was read before is judged and enforced.
func (s *service) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	for s.judge.Waiting() > 0 && ctx.Err() == nil {
		_ = s.judge.Ask(ctx, func(*policy.Engine) {}) // its turn
	}
	s.moves(ctx, settling)
}

// moves tells whether Engine and Enforcer both answer in time.
func (s *service) moves(ctx context.Context, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.judge.Ask(ctx, func(*policy.Engine) {}) != nil {
		return false
	}
	return s.enforcer.Ask(ctx, func(*enforce.Enforcer) {}) == nil
}

func (s *service) tell(state string) {
	if state == daemon.SdNotifyReady {
		state += fmt.Sprintf("\nSTATUS=%d bans wanted", s.enforcer.Health().Wanted)
	}
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Debug("cannot notify systemd", "err", err)
	}
}
