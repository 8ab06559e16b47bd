package scenario

import (
	"context"
	"fmt"
	"strings"
)

// late stops rsyslog while an attack goes on. Its lines come later, all at once.
func (s *scenario) late(ctx context.Context) (string, error) {
	a := s.next4()
	if err := s.do(ctx, "systemctl kill -s STOP rsyslog"); err != nil {
		return "", err
	}
	failed := s.fail(ctx, 5, a)
	if failed == nil {
		failed = s.notBanned(ctx, a)
	}
	if err := s.do(ctx, "systemctl kill -s CONT rsyslog"); err != nil {
		return "", err
	}
	if failed != nil {
		return "", failed
	}
	if err := s.awaitBan(ctx, a); err != nil {
		return "", err
	}
	if err := s.banned(ctx, a); err != nil {
		return "", err
	}
	// A restart makes another process write the file.
	return "", s.exactly(ctx, s.next4(), func() error { return s.do(ctx, "systemctl restart rsyslog") })
}

// journalOnly is a machine without rsyslog and without log files.
func (s *scenario) journalOnly(ctx context.Context) (note string, err error) {
	err = s.do(ctx, "systemctl stop syslog.socket rsyslog; mkdir /root/logs; mv /var/log/mail* /root/logs; systemctl restart smtpbl")
	if err != nil {
		return "", err
	}
	defer func() {
		if e := s.do(ctx, "mv /root/logs/* /var/log; rmdir /root/logs; systemctl start syslog.socket rsyslog; systemctl restart smtpbl"); err == nil {
			err = e
		}
	}()
	out, err := s.sh(ctx, "smtpbl status | grep '^source'")
	if err != nil {
		return "", err
	}
	if !strings.Contains(out, "journal") || strings.Contains(out, "/var/log") {
		return "", fmt.Errorf("the journal is not the only source:\n%s", out)
	}
	for _, a := range []attacker{s.next4(), s.next6()} {
		err := s.exactly(ctx, a, func() error { return s.do(ctx, "journalctl -q --rotate") })
		if err != nil {
			return "", fmt.Errorf("attack from %s: %w", a.addr, err)
		}
	}
	return strings.Join(strings.Fields(out), " "), nil
}
