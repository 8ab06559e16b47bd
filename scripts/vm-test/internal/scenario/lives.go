package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// restarted restarts the service under attack, in the middle of another one.
func (s *scenario) restarted(ctx context.Context) (string, error) {
	return s.nextLife(ctx, "systemctl restart smtpbl")
}

// upgraded installs a newer package, as apt does.
func (s *scenario) upgraded(ctx context.Context) (string, error) {
	note, err := s.nextLife(ctx, "dpkg -i --force-confold "+newerPath)
	if err != nil {
		return "", err
	}
	out, err := s.sh(ctx, "smtpbl status --json")
	if err != nil {
		return "", err
	}
	var status struct {
		Version string `json:"version"`
	}
	if err = json.Unmarshal([]byte(out), &status); err != nil {
		return "", fmt.Errorf("read smtpbl status: %w\n%s", err, out)
	}
	installed, err := s.sh(ctx, "smtpbl version")
	if err == nil && (status.Version == "" || !strings.Contains(installed, status.Version)) {
		err = fmt.Errorf("%q is installed and %q runs", installed, status.Version)
	}
	return note + ", now " + status.Version, err
}

// nextLife expects that bans stand, drop and keep their counters while something
// ends the service and starts it, and that attempts from before count.
func (s *scenario) nextLife(ctx context.Context, how string) (string, error) {
	standing, halfway, note := s.next4(), s.next4(), ""
	if err := s.earn(ctx, standing); err != nil {
		return "", err
	}
	err := s.exactly(ctx, halfway, func() error {
		before, err := s.ban(ctx, standing.addr)
		if err != nil {
			return err
		}
		old, err := s.life(ctx)
		if err != nil {
			return err
		}
		note, err = s.underAttack(ctx, standing, func() error { return s.do(ctx, how) })
		if err != nil {
			return err
		}
		if err = s.active(ctx); err != nil {
			return err
		}
		now, err := s.life(ctx)
		if err == nil && now.pid == old.pid {
			err = fmt.Errorf("the process is the same as before: %v", now)
		}
		if err != nil {
			return err
		}
		after, err := s.ban(ctx, standing.addr)
		if err == nil && (after.Packets <= before.Packets || after.Expires >= before.Expires || after.Timeout != before.Timeout) {
			err = fmt.Errorf("the ban was begun anew: %+v, %+v", before, after)
		}
		return err
	})
	return note, err
}

// killed9 kills the service. What happens before systemd has started it again is
// read afterwards, and counts once.
func (s *scenario) killed9(ctx context.Context) (note string, err error) {
	standing, halfway := s.next4(), s.next4()
	if err = s.earn(ctx, standing); err != nil {
		return "", err
	}
	err = s.dropIn(ctx, "RestartSec=10s", func() error {
		if err := s.fail(ctx, 2, halfway); err != nil {
			return err
		}
		if err := s.counted(ctx, 2, halfway); err != nil {
			return err
		}
		old, err := s.life(ctx)
		if err != nil {
			return err
		}
		note, err = s.underAttack(ctx, standing, func() error {
			if err := s.do(ctx, "kill -9 "+old.pid); err != nil {
				return err
			}
			if err := s.fail(ctx, 1, halfway); err != nil {
				return err
			}
			if is, err := s.unit(ctx, "ActiveState", "MainPID"); err != nil || is["ActiveState"] != "activating" {
				return fmt.Errorf("the service is not down any more: %v (%w)", is, err)
			}
			return s.another(ctx, old, 20*time.Second)
		})
		if err != nil {
			return err
		}
		if err := s.counted(ctx, 3, halfway); err != nil {
			return err
		}
		if err := s.fail(ctx, 1, halfway); err != nil {
			return err
		}
		if err := s.counted(ctx, 4, halfway); err != nil {
			return err
		}
		if err := s.notBanned(ctx, halfway); err != nil {
			return err
		}
		return s.earnLast(ctx, halfway)
	})
	return note, err
}

// stuck stops the process where it is. It is alive, but no line becomes a ban,
// and only the watchdog sees that.
func (s *scenario) stuck(ctx context.Context) (note string, err error) {
	standing, fresh := s.next4(), s.next4()
	if err = s.earn(ctx, standing); err != nil {
		return "", err
	}
	err = s.dropIn(ctx, "WatchdogSec=10s", func() error {
		old, err := s.life(ctx)
		if err != nil {
			return err
		}
		note, err = s.underAttack(ctx, standing, func() error {
			if err := s.do(ctx, "kill -STOP "+old.pid); err != nil {
				return err
			}
			return s.another(ctx, old, time.Minute)
		})
		if err != nil {
			return err
		}
		return s.earn(ctx, fresh)
	})
	return note, err
}

// failing is the negative control: where nothing is banned, the check that
// somebody is must say so. And what is gone while the service was down comes
// back with it.
func (s *scenario) failing(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.do(ctx, "systemctl stop smtpbl"); err != nil {
		return "", err
	}
	if err := s.banned(ctx, a); err != nil {
		return "", fmt.Errorf("the service is stopped: %w", err)
	}
	if err := s.do(ctx, "nft delete table inet smtpbl"); err != nil {
		return "", err
	}
	shut := s.shut(ctx, a)
	_, ban := s.ban(ctx, a.addr)
	if !errors.Is(shut, errServed) || ban == nil {
		return "", fmt.Errorf("without a table the check of a ban must say no: %w, %w", shut, ban)
	}
	if err := s.do(ctx, "systemctl start smtpbl"); err != nil {
		return "", err
	}
	return shut.Error(), s.banned(ctx, a)
}
