package scenario

import (
	"context"
	"fmt"
	"strings"
)

// removed takes the program away. What the administrator may want back stays.
func (s *scenario) removed(ctx context.Context) (string, error) {
	if err := s.do(ctx, "dpkg --remove smtpbl",
		"! systemctl is-active --quiet smtpbl", "! command -v smtpbl", "! "+listTable, "test -e "+configFile, "test -d /var/lib/smtpbl"); err != nil {
		return "", err
	}
	failed, err := s.sh(ctx, "systemctl --failed --no-legend --plain")
	if err == nil && failed != "" {
		err = fmt.Errorf("failed units: %s", failed)
	}
	return "", err
}

// purged compares the machine with what it was before the package came.
func (s *scenario) purged(ctx context.Context) (string, error) {
	out, err := s.sh(ctx, `dpkg --purge smtpbl >&2
	/root/trace.sh /root/after
	if ! diff -r /root/before /root/after; then
		echo 'purge leaves a trace'
		exit 1
	fi
	if nft list ruleset | grep -i -e smtpbl -e smtp-blacklist; then
		echo 'purge leaves rules'
		exit 1
	fi
	if dpkg-query -W smtpbl; then
		echo 'dpkg still knows the package'
		exit 1
	fi
	cat /root/after/* | wc -l`)
	if err != nil {
		return "", err
	}
	return out[strings.LastIndex(out, "\n")+1:] + " names compared", s.served(ctx, s.next4().addr)
}
