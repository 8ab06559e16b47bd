package scenario

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rebooted ends the machine in order and starts it.
func (s *scenario) rebooted(ctx context.Context) (string, error) {
	halfway, note := s.next4(), ""
	err := s.exactly(ctx, halfway, func() (err error) {
		note, err = s.nextBoot(ctx, []attacker{s.next4(), s.next6()}, s.m.Reboot)
		return err
	})
	return note, err
}

// powerCut takes the power away as soon as the newest ban is on the disk.
func (s *scenario) powerCut(ctx context.Context) (string, error) {
	return s.nextBoot(ctx, []attacker{s.next6(), s.next4()}, func(ctx context.Context) error {
		s.m.PowerCut()
		return s.m.Start(ctx)
	})
}

// nextBoot bans attackers who knock from the moment on at which the next boot
// has a network, and expects that none of them is ever answered, while others
// are as soon as the mail ports open.
func (s *scenario) nextBoot(ctx context.Context, attackers []attacker, boot func(context.Context) error) (string, error) {
	last := attackers[len(attackers)-1]
	if err := s.knockAtBoot(ctx, last); err != nil {
		return "", err
	}
	defer func() { _ = s.do(ctx, "systemctl --quiet disable --now knock-at-boot") }() // after a failure it may still run
	left := map[attacker]time.Duration{}
	var newest time.Time // when the last ban began, by the guest's clock
	for _, a := range attackers {
		if err := s.earn(ctx, a); err != nil {
			return "", err
		}
		now, err := s.now(ctx)
		if err != nil {
			return "", err
		}
		e, err := s.ban(ctx, a.addr)
		if err != nil {
			return "", err
		}
		left[a], newest = e.Expires, now.Add(e.Expires-e.Timeout)
	}
	if err := s.written(ctx, newest); err != nil {
		return "", err
	}
	began := time.Now()
	if err := boot(ctx); err != nil {
		return "", err
	}
	if err := s.m.Settled(ctx); err != nil {
		return "", err
	}
	took := time.Since(began)
	for _, a := range attackers {
		e, err := s.ban(ctx, a.addr)
		if err != nil {
			return "", err
		}
		if e.Expires > left[a] || e.Expires < left[a]-time.Since(began)-30*time.Second {
			return "", fmt.Errorf("%s had %v to go, and after %v %v", a.addr, left[a], took, e.Expires)
		}
	}
	order, err := s.order(ctx)
	if err != nil {
		return "", err
	}
	knocks, err := s.knockedAtBoot(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s; %s; up after %v", order, knocks, took.Round(time.Second)), s.banned(ctx, attackers...)
}

// now returns what the guest's clock shows.
func (s *scenario) now(ctx context.Context) (time.Time, error) {
	out, err := s.sh(ctx, "date +%%s%%N")
	if err != nil {
		return time.Time{}, err
	}
	ns, err := strconv.ParseInt(out, 10, 64)
	return time.Unix(0, ns), err
}

// written waits until the history has a ban that began at that time: it is
// written as soon as the kernel has the ban.
func (s *scenario) written(ctx context.Context, began time.Time) error {
	_, err := s.sh(ctx, `for try in $(seq 600); do
		[ "$(date -d "$(stat -c %%y /var/lib/smtpbl/history.db)" +%%s%%N)" -gt %d ] && exit
		sleep 0.05
	done
	echo the history was not written; exit 1`, began.UnixNano())
	return err
}

// knockAtBoot prepares the next boot's attackers.
func (s *scenario) knockAtBoot(ctx context.Context, a attacker) error {
	script := fmt.Sprintf(`#!/bin/bash
cd /root
%s >boot-banned.jsonl &
%s >boot-neighbour.jsonl &
trap 'kill $(jobs -p)' TERM
while [ -n "$(jobs -pr)" ]; do wait; done
exit 0 # whoever stops them wants no failed unit
`, command("-attempts 0 -every 100ms", a.addr), command("-attempts 0 -every 500ms", a.neighbour()))
	if err := s.write(ctx, "/root/knock-at-boot.sh", script); err != nil {
		return err
	}
	return s.do(ctx, "chmod +x /root/knock-at-boot.sh; rm -f /root/boot-*.jsonl; systemctl --quiet enable knock-at-boot; sync")
}

// knockedAtBoot tells how the boot's attackers fared.
func (s *scenario) knockedAtBoot(ctx context.Context) (string, error) {
	// systemd is done when the mail server has started, not when it answers.
	err := s.m.Until(ctx, "the mail server answers", soon, func(ctx context.Context) error {
		return s.do(ctx, "grep -qF '\"outcome\":\""+greeted+"\"' /root/boot-neighbour.jsonl")
	})
	if err != nil {
		return "", err
	}
	if err = s.do(ctx, "systemctl --quiet disable --now knock-at-boot"); err != nil {
		return "", err
	}
	var told [2][]Attempt
	for i, who := range []string{"banned", "neighbour"} {
		out, err := s.sh(ctx, "cat /root/boot-%s.jsonl", who)
		if err != nil {
			return "", err
		}
		if told[i], err = parseAttempts(out); err != nil {
			return "", err
		}
	}
	ready, err := s.readyAt(ctx)
	if err != nil {
		return "", err
	}
	note, err := unanswered(withoutRefusals(told[0], ready))
	if err != nil {
		return "", err
	}
	outcomes := map[string]int{}
	for _, x := range told[1] {
		outcomes[x.Outcome]++
	}
	if outcomes["refused"] == 0 || outcomes[greeted] == 0 {
		return "", fmt.Errorf("a neighbour who knocked all the time saw %v: it is to be refused before the mail server starts, and served then", outcomes)
	}
	return fmt.Sprintf("%s, its neighbour served %d times", note, outcomes[greeted]), nil
}

// withoutRefusals leaves out what was refused before the bans were there: the
// kernel itself refuses a connection to a port on which nobody listens.
func withoutRefusals(attempts []Attempt, ready time.Time) []Attempt {
	return slices.DeleteFunc(attempts, func(x Attempt) bool { return x.Outcome == "refused" && x.At.Before(ready) })
}

// readyAt returns when the service was ready in this boot.
func (s *scenario) readyAt(ctx context.Context) (time.Time, error) {
	out, err := s.sh(ctx, "journalctl -q -b -o short-unix --no-pager | grep -F msg=ready")
	if err != nil {
		return time.Time{}, err
	}
	stamp, _, _ := strings.Cut(out, " ")
	seconds, err := strconv.ParseFloat(stamp, 64)
	return time.UnixMicro(int64(seconds * 1e6)), err
}

var (
	readyLine   = regexp.MustCompile(`(?m)^\[ *([0-9.]+)\] .* msg=ready `)
	listensLine = regexp.MustCompile(`(?m)^\[ *([0-9.]+)\] .* daemon started -- version`)
)

// order expects in the journal that the service was ready before the mail server
// started.
func (s *scenario) order(ctx context.Context) (string, error) {
	out, err := s.sh(ctx, "journalctl -q -b -o short-monotonic --no-pager | grep -F -e msg=ready -e 'daemon started --'")
	if err != nil {
		return "", err
	}
	ready, listens := readyLine.FindStringSubmatch(out), listensLine.FindStringSubmatch(out)
	if ready == nil || listens == nil {
		return "", fmt.Errorf("the journal tells of only one of the two:\n%s", out)
	}
	first, err := strconv.ParseFloat(ready[1], 64)
	if err != nil {
		return "", err
	}
	second, err := strconv.ParseFloat(listens[1], 64)
	if err == nil && first >= second {
		err = fmt.Errorf("the mail server starts %.1f s before the bans are there:\n%s", first-second, strings.TrimSpace(out))
	}
	return fmt.Sprintf("bans there %.1f s before the mail server", second-first), err
}
