package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ufwOn enables ufw with the ports open that a mail server has open.
const ufwOn = "ufw allow 22,25,465,587/tcp; ufw --force enable"

// ufwBeside expects ufw's rules and ours in the kernel at the same time.
func (s *scenario) ufwBeside(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.do(ctx, ufwOn); err != nil {
		return "", err
	}
	out, err := s.sh(ctx, "ufw status; iptables -S; %s", listTable)
	if err != nil {
		return "", err
	}
	for _, want := range []string{"Status: active", "ufw-user-input", "chain smtp-blacklist"} {
		if !strings.Contains(out, want) {
			return "", fmt.Errorf("there is no %q:\n%s", want, out)
		}
	}
	return "", s.banned(ctx, a)
}

// ufwReload expects that ufw leaves bans alone while it reloads.
func (s *scenario) ufwReload(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.do(ctx, ufwOn); err != nil {
		return "", err
	}
	return s.underAttack(ctx, a, func() error { return s.do(ctx, "ufw reload") })
}

// ufwChanges is all else that people do with ufw.
func (s *scenario) ufwChanges(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.do(ctx, ufwOn); err != nil {
		return "", err
	}
	defer func() { _ = s.do(ctx, ufwOn) }() // after a failure the ports may be closed
	return s.underAttack(ctx, a, func() error {
		for _, change := range []string{
			"ufw disable", "ufw --force enable", "systemctl restart ufw", "ufw --force reset",
			// What reset keeps of the old rules would pile up.
			"rm /etc/ufw/*.rules.2*; " + ufwOn,
		} {
			if err := s.do(ctx, change); err != nil {
				return err
			}
			if err := s.banned(ctx, a); err != nil {
				return fmt.Errorf("after %q: %w", change, err)
			}
		}
		return nil
	})
}

// ufwHarness has the chains in ufw's own files instead of a hook of ours.
func (s *scenario) ufwHarness(ctx context.Context) (string, error) {
	a, note := s.next4(), ""
	if err := s.earn(ctx, a); err != nil {
		return "", err
	}
	if err := s.do(ctx, ufwOn); err != nil {
		return "", err
	}
	before, err := s.sh(ctx, "cat /etc/ufw/*.rules | sha256sum")
	if err != nil {
		return "", err
	}
	err = s.configured(ctx, "[nft]\nhook = \"ufw\"\n", func() error {
		if err := s.do(ctx, "smtpbl harness install", "smtpbl harness status"); err != nil {
			return err
		}
		rules, err := s.sh(ctx, "iptables -S; ip6tables -S")
		if err != nil {
			return err
		}
		if !strings.Contains(rules, "-j ufw-smtp-blacklist\n") || !strings.Contains(rules, "-j ufw6-smtp-blacklist\n") {
			return fmt.Errorf("ufw's chains do not lead to ours:\n%s", rules)
		}
		note, err = s.underAttack(ctx, a, func() error { return s.do(ctx, "ufw reload", "smtpbl harness status") })
		if err != nil {
			return err
		}
		fresh := s.next6()
		if err := s.earn(ctx, fresh); err != nil {
			return err
		}
		return s.banned(ctx, fresh)
	})
	if err != nil {
		return "", err
	}
	if err = s.do(ctx, "smtpbl harness remove"); err != nil {
		return "", err
	}
	after, err := s.sh(ctx, "cat /etc/ufw/*.rules | sha256sum")
	if err == nil && after != before {
		err = errors.New("harness remove leaves other rules than there were before")
	}
	if err != nil {
		return "", err
	}
	return note, s.banned(ctx, a)
}
