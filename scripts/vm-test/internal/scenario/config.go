package scenario

import (
	"context"
	"fmt"
	"strings"
)

// reloaded changes the configuration by SIGHUP, and then to one that is wrong.
func (s *scenario) reloaded(ctx context.Context) (string, error) {
	standing := s.next4()
	if err := s.earn(ctx, standing); err != nil {
		return "", err
	}
	strict := s.next4()
	if err := s.fail(ctx, 1, strict); err != nil {
		return "", err
	}
	return s.underAttack(ctx, standing, func() error {
		return s.configured(ctx, "[policy]\nthreshold4 = 3\n", func() error {
			if err := s.fail(ctx, 1, strict); err != nil {
				return err
			}
			if err := s.counted(ctx, 2, strict); err != nil {
				return err
			}
			if err := s.earnLast(ctx, strict); err != nil {
				return err
			}
			return s.wrongConfig(ctx)
		})
	})
}

// wrongConfig expects that a configuration with faults changes nothing, and that
// the service says why.
func (s *scenario) wrongConfig(ctx context.Context) error {
	const counter, bad = "smtpbl_config_reloads_total", `result="failure"`
	old, err := s.life(ctx)
	if err != nil {
		return err
	}
	before, err := s.metric(ctx, counter, bad)
	if err != nil {
		return err
	}
	if err = s.write(ctx, configFile, "[policy]\nthreshold4 = \"many\"\n"); err != nil {
		return err
	}
	// The signal itself: systemctl may refuse before it sends it.
	if err = s.do(ctx, "! smtpbl config check", "kill -HUP "+old.pid); err != nil {
		return err
	}
	err = s.m.Until(ctx, "the configuration is refused", soon, func(ctx context.Context) error {
		after, err := s.metric(ctx, counter, bad)
		if err == nil && after != before+1 {
			err = fmt.Errorf("%s was %v and is %v", counter, before, after)
		}
		return err
	})
	if err != nil {
		return err
	}
	said, err := s.sh(ctx, "journalctl -q -b -u smtpbl --no-pager -n 20; smtpbl --config /dev/null status")
	if err != nil {
		return err
	}
	log, status, _ := strings.Cut(said, "guards")
	if !strings.Contains(log, "threshold4") || !strings.Contains(status, "threshold4") {
		return fmt.Errorf("neither log nor status may keep quiet about it:\n%s", said)
	}
	if now, err := s.life(ctx); err != nil || now != old {
		return fmt.Errorf("it was %v, it is %v (%w)", old, now, err)
	}
	// The one before is still in force.
	a := s.next4()
	if err := s.fail(ctx, 2, a); err != nil {
		return err
	}
	return s.earnLast(ctx, a)
}
