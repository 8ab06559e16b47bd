package scenario

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// outOfMemory lets the kernel kill the service for want of memory, and then lets
// another program eat all there is.
func (s *scenario) outOfMemory(ctx context.Context) (string, error) {
	standing, fresh := s.next4(), s.next4()
	if err := s.earn(ctx, standing); err != nil {
		return "", err
	}
	note, err := s.underAttack(ctx, standing, func() error {
		if err := s.starved(ctx); err != nil {
			return err
		}
		// dd reads into one buffer as large as nearly all of the memory; the
		// kernel gives it that only while it is filled. In a unit of its own,
		// because systemd ends what shares one with a victim.
		err := s.do(ctx, `size=$(awk '/^MemTotal:/ { print int($2 * 0.95) }' /proc/meminfo)
		systemd-run --quiet --collect --wait -p OOMScoreAdjust=1000 dd if=/dev/zero of=/dev/null bs="${size}K" count=1
		journalctl -q -b -k --no-pager | grep -i 'killed process.*(dd)'`)
		if err != nil {
			return err
		}
		return s.active(ctx)
	})
	if err != nil {
		return "", err
	}
	return note, s.earn(ctx, fresh)
}

// starved takes the service's memory away until the kernel kills it, and gives
// it back.
func (s *scenario) starved(ctx context.Context) error {
	is, err := s.unit(ctx, "MemoryMax")
	if err != nil {
		return err
	}
	old, err := s.life(ctx)
	if err != nil {
		return err
	}
	if err = s.do(ctx, "systemctl set-property --runtime smtpbl MemoryMax=4M"); err != nil {
		return err
	}
	killed := s.m.Until(ctx, "the kernel kills the service", soon, func(ctx context.Context) error {
		is, err := s.unit(ctx, "MainPID", "Result")
		if err == nil && is["MainPID"] == old.pid {
			err = fmt.Errorf("it is %v", is)
		}
		return err
	})
	err = s.do(ctx, "systemctl set-property --runtime smtpbl MemoryMax="+is["MemoryMax"],
		"rm -r /run/systemd/system.control/smtpbl.service.d; systemctl daemon-reload")
	if killed != nil {
		return killed
	}
	if err != nil {
		return err
	}
	if err = s.another(ctx, old, time.Minute); err != nil {
		return err
	}
	return s.do(ctx, "journalctl -q -b -k --no-pager | grep -i 'killed process.*(smtpbl)'")
}

// diskFull fills the file system of the state directory. Bans do not wait for
// it; what the history lacks it gets later.
func (s *scenario) diskFull(ctx context.Context) (string, error) {
	const state = "/var/lib/smtpbl"
	err := s.do(ctx, `set -e
	systemctl stop smtpbl
	mkdir /root/state
	cp -a `+state+`/. /root/state
	mount -t tmpfs -o size=8m state `+state+`
	chown --reference=/root/state `+state+`
	chmod --reference=/root/state `+state+`
	cp -a /root/state/. `+state+`
	systemctl start smtpbl`)
	if err != nil {
		return "", err
	}
	note, err := s.fullState(ctx, state)
	undone := s.do(ctx, `set -e
	systemctl stop smtpbl
	rm -rf /root/state
	mkdir /root/state
	rm -f `+state+`/fill
	cp -a `+state+`/. /root/state
	umount `+state+`
	cp -a /root/state/. `+state+`
	rm -r /root/state
	systemctl start smtpbl`)
	if err != nil {
		return "", err
	}
	return note, undone
}

// many is a number of bans that the history needs further pages for.
const many = 2000

func (s *scenario) fullState(ctx context.Context, state string) (string, error) {
	if err := s.do(ctx, "! cat /dev/zero >"+state+"/fill",
		fmt.Sprintf("seq -f '2001:db8:7fff:%%.0f::/64' 1 %d | smtpbl set add - --for 1h", many)); err != nil {
		return "", err
	}
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.banned(ctx, a); err != nil {
		return "", err
	}
	warned := ""
	err := s.m.Until(ctx, "the status warns", soon, func(ctx context.Context) error {
		out, err := s.sh(ctx, "smtpbl status")
		if err != nil {
			return err
		}
		if !strings.Contains(out, "no space left on device") {
			return fmt.Errorf("it says:\n%s", out)
		}
		_, warned, _ = strings.Cut(out, "WARNING")
		return nil
	})
	if err != nil {
		return "", err
	}
	if err = s.do(ctx, "rm "+state+"/fill"); err != nil {
		return "", err
	}
	err = s.m.Until(ctx, "the warning ends", time.Minute, func(ctx context.Context) error {
		out, err := s.sh(ctx, "smtpbl status")
		if err == nil && strings.Contains(out, "no space left on device") {
			err = fmt.Errorf("it says:\n%s", out)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	// The history has it now: the ban comes back though the kernel lost it.
	err = s.do(ctx, "systemctl stop smtpbl; nft delete table inet smtpbl; systemctl start smtpbl")
	if err != nil {
		return "", err
	}
	if err = s.banned(ctx, a); err != nil {
		return "", fmt.Errorf("after a disk that was full for a while: %w", err)
	}
	return strings.TrimSpace(strings.SplitN(warned, "\n", 2)[0]), s.do(ctx, fmt.Sprintf("seq -f '2001:db8:7fff:%%.0f::/64' 1 %d | smtpbl set del -", many))
}
