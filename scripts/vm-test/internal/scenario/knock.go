package scenario

import (
	"context"
	"fmt"
	"time"
)

// knockEvery is how densely a banned source tries to get through a gap.
const knockEvery = 100 * time.Millisecond

const knockFile = "/root/knock.jsonl"

// begin runs the attack client in the background; ended stops it.
func (s *scenario) begin(ctx context.Context, args string, a attacker) error {
	return s.do(ctx, "rm -f "+knockFile,
		"systemd-run --quiet --collect --unit=knock -p StandardOutput=file:"+knockFile+" "+command(args, a.addr))
}

// ended stops the attack client and returns what it tells. Attempts that have
// begun are waited for.
func (s *scenario) ended(ctx context.Context) ([]Attempt, error) {
	out, err := s.sh(ctx, "systemctl stop knock; cat "+knockFile)
	if err != nil {
		return nil, err
	}
	return parseAttempts(out)
}

// underAttack does something while a banned source knocks without a pause, and
// expects that no knock is answered. It returns how many there were.
func (s *scenario) underAttack(ctx context.Context, a attacker, do func() error) (string, error) {
	if err := s.banned(ctx, a); err != nil {
		return "", fmt.Errorf("before: %w", err)
	}
	began := time.Now()
	if err := s.begin(ctx, fmt.Sprintf("-attempts 0 -every %v", knockEvery), a); err != nil {
		return "", err
	}
	failed := do()
	knocked := time.Since(began)
	attempts, err := s.ended(ctx)
	if failed != nil {
		return "", failed
	}
	if err != nil {
		return "", err
	}
	note, err := unanswered(attempts)
	if err != nil {
		return "", err
	}
	// A client that hardly knocked has proved nothing.
	if least := int(knocked / knockEvery / 10); len(attempts) < least {
		return "", fmt.Errorf("only %d knocks in %v", len(attempts), knocked)
	}
	if err = s.banned(ctx, a); err != nil {
		return "", fmt.Errorf("afterwards: %w", err)
	}
	return note, nil
}

// unanswered expects that nothing of it was answered.
func unanswered(attempts []Attempt) (string, error) {
	for _, x := range attempts {
		if x.Outcome != silence {
			return "", fmt.Errorf("%w: attempt at %v: %s", errServed, x.At, x.Outcome)
		}
	}
	return fmt.Sprintf("none of %d knocks answered", len(attempts)), nil
}
