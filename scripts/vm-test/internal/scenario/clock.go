package scenario

import (
	"context"
	"fmt"
	"time"
)

// stepped sets the clock an hour ahead and back again. A ban is a span of time:
// it ends neither earlier nor later for that.
func (s *scenario) stepped(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	first, err := s.ban(ctx, a.addr)
	if err != nil {
		return "", err
	}
	began := time.Now()
	// Both machines have one clock, and after a failure it may be an hour off.
	defer func() { _ = s.do(ctx, fmt.Sprintf("date -s @%d", time.Now().Unix())) }()
	for _, step := range []string{"1 hour", "-1 hour", "-1 hour", "1 hour"} {
		if err := s.do(ctx, fmt.Sprintf("date -s '%s'", step)); err != nil {
			return "", err
		}
		fresh := s.next4()
		if err := s.earn(ctx, fresh); err != nil {
			return "", fmt.Errorf("after a step of %s: %w", step, err)
		}
		e, err := s.ban(ctx, fresh.addr)
		if err != nil {
			return "", err
		}
		if e.Expires < banTime-time.Minute || e.Expires > banTime+banExtra {
			return "", fmt.Errorf("a ban after a step of %s has %v to go", step, e.Expires)
		}
		if err := s.asLong(ctx, a, first, began); err != nil {
			return "", fmt.Errorf("after a step of %s: %w", step, err)
		}
	}
	return s.afterRound(ctx, a, first, began)
}

// afterRound waits until the service has compared all bans with the kernel, with
// the clock another one.
func (s *scenario) afterRound(ctx context.Context, a attacker, first Element, began time.Time) (string, error) {
	for _, step := range []string{"1 hour", "-1 hour"} {
		if err := s.do(ctx, fmt.Sprintf("date -s '%s'", step)); err != nil {
			return "", err
		}
		const round = "smtpbl_enforcement_check_timestamp_seconds"
		before, err := s.metric(ctx, round)
		if err != nil {
			return "", err
		}
		err = s.m.Until(ctx, "all bans are compared", 90*time.Second, func(ctx context.Context) error {
			now, err := s.metric(ctx, round)
			if err == nil && now == before {
				err = fmt.Errorf("the last time was at %v", now)
			}
			return err
		})
		if err != nil {
			return "", err
		}
		if err = s.asLong(ctx, a, first, began); err != nil {
			return "", fmt.Errorf("after a step of %s and a round: %w", step, err)
		}
	}
	return "", s.banned(ctx, a)
}

// asLong expects that a ban has as long to go as it had, less what passed since.
func (s *scenario) asLong(ctx context.Context, a attacker, first Element, began time.Time) error {
	e, err := s.ban(ctx, a.addr)
	if err != nil {
		return err
	}
	const slack = 30 * time.Second
	want := first.Expires - time.Since(began)
	if off := e.Expires - want; off < -slack || off > slack {
		return fmt.Errorf("%s has %v to go, not %v", a.addr, e.Expires, want)
	}
	list, err := s.setList(ctx)
	if err != nil {
		return err
	}
	row := list[e.Set+" "+e.Prefix.String()]
	if off := time.Duration(row.Remaining*float64(time.Second)) - want; off < -slack || off > slack {
		return fmt.Errorf("set list says that %s has %v s to go, not %v", a.addr, row.Remaining, want)
	}
	return nil
}
