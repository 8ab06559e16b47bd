package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// From Linux 6.9 a table can be its owner's alone, and outlive him: no other
// program can change it (NFT_TABLE_F_OWNER, NFT_TABLE_F_PERSIST).
func (s *scenario) protected(ctx context.Context) (bool, error) { return s.kernelAtLeast(ctx, 6, 9) }

// hands are what other programs do to a table, as scripts with the address of a
// ban in $ban.
var hands = []string{
	"nft delete table inet smtpbl",
	"nft flush table inet smtpbl",
	"nft flush set inet smtpbl ban4",
	"nft delete element inet smtpbl ban4 { $ban }",
	"nft flush chain inet smtpbl smtp-blacklist",
}

// foreignHands expects that the kernel refuses them where it can, and that they
// are put right at once where it cannot.
func (s *scenario) foreignHands(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	safe, err := s.protected(ctx)
	if err != nil {
		return "", err
	}
	var worst time.Duration
	for _, hand := range hands {
		if safe {
			err = s.refused(ctx, a, hand)
		} else {
			var took time.Duration
			took, err = s.healed(ctx, a, hand)
			worst = max(worst, took)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", hand, err)
		}
	}
	if safe {
		return "the kernel refuses them all", nil
	}
	return fmt.Sprintf("all put right, the slowest after %v", worst), nil
}

// refused expects that the kernel does not let another program do it.
func (s *scenario) refused(ctx context.Context, a attacker, hand string) error {
	out, err := s.sh(ctx, "ban=%s; %s 2>&1 && echo done || true", a.addr, hand)
	if err != nil {
		return err
	}
	if !strings.Contains(out, "Operation not permitted") {
		return fmt.Errorf("the kernel does not refuse it: %s", out)
	}
	return s.banned(ctx, a)
}

// healed lets another program do it, and expects the ban back, and the rules.
func (s *scenario) healed(ctx context.Context, a attacker, hand string) (time.Duration, error) {
	const counter = "smtpbl_heals_total"
	before, err := s.metric(ctx, counter)
	if err != nil {
		return 0, err
	}
	took, err := s.timed(ctx, a, hand)
	if err != nil {
		return took, err
	}
	if err = s.banned(ctx, a); err != nil {
		return took, err
	}
	return took, s.m.Until(ctx, "the repair is counted", soon, func(ctx context.Context) error {
		after, err := s.metric(ctx, counter)
		if err == nil && after <= before {
			err = fmt.Errorf("%s was %v and is %v", counter, before, after)
		}
		return err
	})
}

// mostHealing is how long a repair may take.
const mostHealing = 5 * time.Second

// timed does something in the guest and measures there how long it takes from
// its end until the ban and the rule that looks for it are in the kernel.
func (s *scenario) timed(ctx context.Context, a attacker, hand string) (time.Duration, error) {
	out, err := s.sh(ctx, `ban=%[1]s
	stands() {
		table=$(%[2]s 2>/dev/null) && grep -qF " $ban " <<<"$table" && grep -q 'ip saddr @ban4 .*goto' <<<"$table" &&
			grep -q 'hook .*priority' <<<"$table"
	}
	%[3]s >&2
	begin=$(date +%%s%%N)
	until stands || [ $(($(date +%%s%%N) - begin)) -gt %[4]d ]; do sleep 0.02; done
	echo took $((($(date +%%s%%N) - begin) / 1000000)) ms`, a.addr, listTable, hand, s.m.Slow(mostHealing).Nanoseconds())
	if err != nil {
		return 0, err
	}
	words := strings.Fields(out)
	if len(words) < 3 {
		return 0, fmt.Errorf("the guest says %q", out)
	}
	ms, err := strconv.Atoi(words[len(words)-2])
	took := time.Duration(ms) * time.Millisecond
	if err == nil && took > s.m.Slow(mostHealing) {
		err = fmt.Errorf("not put right within %v", took)
	}
	return took, err
}

// flushed restarts nftables.service, which begins with "flush ruleset". It also
// takes ufw's rules away, as on any machine that has both.
func (s *scenario) flushed(ctx context.Context) (string, error) {
	a, a6 := s.next4(), s.next6()
	for _, x := range []attacker{a, a6} {
		if err := s.earn(ctx, x); err != nil {
			return "", err
		}
	}
	const flush = "systemctl restart nftables"
	safe, err := s.protected(ctx)
	if err != nil {
		return "", err
	}
	var note string
	if safe {
		note, err = s.underAttack(ctx, a, func() error { return s.do(ctx, flush) })
	} else {
		var took time.Duration
		took, err = s.healed(ctx, a, flush)
		note = fmt.Sprintf("bans back after %v", took)
	}
	if err != nil {
		return "", err
	}
	if err = s.awaitBan(ctx, a6); err != nil {
		return "", err
	}
	if err = s.do(ctx, "! ufw status | grep -q 'Status: active' || ufw reload"); err != nil {
		return "", err
	}
	return note, s.banned(ctx, a, a6)
}

// longer makes a ban by hand longer. Before Linux 6.12 the kernel says yes to a
// new time for an element that stands, and keeps the old one.
func (s *scenario) longer(ctx context.Context) (string, error) {
	a := s.next4()
	for _, span := range []time.Duration{5 * time.Minute, time.Hour} {
		if err := s.do(ctx, fmt.Sprintf("smtpbl set add %s --for %v", a.addr, span)); err != nil {
			return "", err
		}
		e, err := s.ban(ctx, a.addr)
		if err != nil {
			return "", err
		}
		if e.Expires > span || e.Expires < span-time.Minute {
			return "", fmt.Errorf("a ban of %v has %v to go: %+v", span, e.Expires, e)
		}
	}
	if err := s.banned(ctx, a); err != nil {
		return "", err
	}
	return "", s.do(ctx, "smtpbl set del "+a.addr.String())
}
