package scenario

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// The first ban's length, and by how much of it a ban may be longer: the
// defaults of policy.ban_time and policy.ban_extra.
const (
	banTime  = 4 * time.Hour
	banExtra = banTime / 10
)

// threshold bans an attacker, and looks at all that a ban is to be.
func (s *scenario) threshold(ctx context.Context, a attacker) (string, error) {
	if err := s.begin(ctx, "-hold 10m", a); err != nil {
		return "", err
	}
	defer func() { _, _ = s.ended(ctx) }() // after a failure it may still run
	if err := s.fail(ctx, a.threshold()-1, a); err != nil {
		return "", err
	}
	if err := s.counted(ctx, a.threshold()-1, a); err != nil {
		return "", err
	}
	if err := s.notBanned(ctx, a); err != nil {
		return "", err
	}
	if err := s.earnLast(ctx, a); err != nil {
		return "", err
	}
	if err := s.killed(ctx); err != nil {
		return "", err
	}
	before, err := s.ban(ctx, a.addr)
	if err != nil {
		return "", err
	}
	if before.Timeout < banTime || before.Timeout > banTime+banExtra || before.Expires > before.Timeout {
		return "", fmt.Errorf("the first ban is to last %v and up to %v more: %+v", banTime, banExtra, before)
	}
	if err = s.shut(ctx, a); err != nil {
		return "", err
	}
	after, err := s.ban(ctx, a.addr)
	if err == nil && after.Packets <= before.Packets {
		err = fmt.Errorf("no packet was counted: %+v, %+v", before, after)
	}
	return fmt.Sprintf("at failure %d for %v, %d packets dropped", a.threshold(), before.Timeout.Round(time.Second), after.Packets), err
}

// killed waits until the connection that the attacker had open breaks.
func (s *scenario) killed(ctx context.Context) error {
	return s.m.Until(ctx, "the open connection is ended", soon, func(ctx context.Context) error {
		out, err := s.sh(ctx, "cat "+knockFile)
		if err != nil {
			return err
		}
		attempts, err := parseAttempts(out)
		if err != nil {
			return err
		}
		if len(attempts) != 2 || attempts[0].Outcome != greeted || attempts[1].Held != "reset" && attempts[1].Held != "closed" {
			return fmt.Errorf("it is as follows: %v", attempts)
		}
		return nil
	})
}

// threshold4 is the ban of an IPv4 address; nothing changes for its neighbours.
func (s *scenario) threshold4(ctx context.Context) (string, error) {
	a := s.next4()
	note, err := s.threshold(ctx, a)
	if err != nil {
		return "", err
	}
	for _, port := range []int{465, 587} {
		attempts, err := s.attack(ctx, fmt.Sprintf("-port %d", port), a.addr)
		if err != nil {
			return "", err
		}
		if attempts[0].Outcome != silence {
			return "", fmt.Errorf("%w: %s at port %d: %s", errServed, a.addr, port, attempts[0].Outcome)
		}
	}
	return note, s.login(ctx, a.neighbour())
}

// threshold6 is the ban of a whole /64.
func (s *scenario) threshold6(ctx context.Context) (string, error) {
	a := s.next6()
	note, err := s.threshold(ctx, a)
	if err != nil {
		return "", err
	}
	same := a
	same.addr = netip.MustParsePrefix(a.addr.String() + "/64").Masked().Addr().Next()
	if err = s.banned(ctx, same); err != nil {
		return "", fmt.Errorf("another address of the same /64: %w", err)
	}
	return note, s.login(ctx, a.neighbour())
}

// login expects that a person with the right password gets in.
func (s *scenario) login(ctx context.Context, from netip.Addr) error {
	attempts, err := s.attack(ctx, "-port 587 -mechanism LOGIN -user alice -password secret1", from)
	if err != nil {
		return err
	}
	if len(attempts) != 1 || attempts[0].Outcome != accepted {
		return fmt.Errorf("alice cannot log in from %s: %v", from, attempts)
	}
	return nil
}

// ways counts failures at each port and with each mechanism together.
func (s *scenario) ways(ctx context.Context) (string, error) {
	a := s.next4()
	for _, way := range []string{"-port 465 -mechanism CRAM-MD5", "-port 587 -mechanism LOGIN", "-port 465 -mechanism PLAIN", "-port 587 -mechanism CRAM-MD5"} {
		attempts, err := s.attack(ctx, way+" -user "+a.user, a.addr)
		if err != nil {
			return "", err
		}
		if len(attempts) != 1 || attempts[0].Outcome != denied {
			return "", fmt.Errorf("%s: %v", way, attempts)
		}
	}
	if err := s.counted(ctx, 4, a); err != nil {
		return "", err
	}
	if err := s.notBanned(ctx, a); err != nil {
		return "", err
	}
	return "", s.earnLast(ctx, a)
}

// forgiveness expects that a login that works takes back the failures of the
// same person. Postfix logs who it was with the first mail.
func (s *scenario) forgiveness(ctx context.Context) (string, error) {
	a := s.next4()
	a.user = "bob"
	if err := s.fail(ctx, 4, a); err != nil {
		return "", err
	}
	attempts, err := s.attack(ctx, "-port 587 -user bob -password secret2 -send alice@localhost", a.addr)
	if err != nil {
		return "", err
	}
	if len(attempts) != 1 || attempts[0].Outcome != accepted {
		return "", fmt.Errorf("bob cannot log in: %v", attempts)
	}
	if err = s.counted(ctx, 0, a); err != nil {
		return "", err
	}
	if err = s.fail(ctx, 4, a); err != nil {
		return "", err
	}
	if err = s.counted(ctx, 4, a); err != nil {
		return "", err
	}
	return "", s.notBanned(ctx, a)
}

// figures holds /metrics against the kernel and against "set list".
func (s *scenario) figures(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	before, err := s.ban(ctx, a.addr)
	if err != nil {
		return "", err
	}
	dropped, err := s.metric(ctx, "smtpbl_dropped_packets_total", `set="ban4"`)
	if err != nil {
		return "", err
	}
	if err = s.shut(ctx, a); err != nil {
		return "", err
	}
	now, err := s.ban(ctx, a.addr)
	if err != nil {
		return "", err
	}
	values, err := s.metrics(ctx)
	if err != nil {
		return "", err
	}
	if more := sum(values, "smtpbl_dropped_packets_total", `set="ban4"`) - dropped; more != float64(now.Packets-before.Packets) || more == 0 {
		return "", fmt.Errorf("the kernel counted %d packets of %s more, /metrics %v of its set", now.Packets-before.Packets, a.addr, more)
	}
	all, err := s.bans(ctx)
	if err != nil {
		return "", err
	}
	for _, set := range []string{"ban4", "ban6_64"} {
		n := 0
		for _, e := range all {
			if e.Set == set {
				n++
			}
		}
		if active := sum(values, "smtpbl_bans_active", fmt.Sprintf("set=%q", set)); active != float64(n) {
			return "", fmt.Errorf("the kernel's set %s has %d bans, /metrics says %v", set, n, active)
		}
	}
	return fmt.Sprintf("%d bans", len(all)), s.listed(ctx, all)
}

// listed holds "set list" against the kernel.
func (s *scenario) listed(ctx context.Context, all []Element) error {
	list, err := s.setList(ctx)
	if err != nil {
		return err
	}
	if len(list) != len(all) {
		return fmt.Errorf("the kernel has %v, set list says %v", all, list)
	}
	for _, e := range all {
		b, ok := list[e.Set+" "+e.Prefix.String()]
		if !ok || b.Packets < e.Packets {
			return fmt.Errorf("the kernel has %+v, set list says %+v", e, list)
		}
	}
	return nil
}

// log expects what an administrator looks for.
func (s *scenario) log(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.do(ctx, "journalctl -q -b -u smtpbl --no-pager | grep -F 'msg=banned addr="+a.addr.String()+" '"); err != nil {
		return "", err
	}
	out, err := s.sh(ctx, "journalctl -q -b -k --no-pager | grep -F '[SMTP BLACKLIST] IN=veth0'")
	if err != nil {
		return "", err
	}
	lines := strings.Split(out, "\n")
	if !strings.Contains(lines[0], " SRC=") || !strings.Contains(lines[0], " PROTO=TCP ") || !strings.Contains(lines[0], "DPT=") {
		return "", fmt.Errorf("the kernel logs no source and port: %s", lines[0])
	}
	return fmt.Sprintf("%d lines of the kernel", len(lines)), nil
}
