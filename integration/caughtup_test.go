package integration

import (
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// caughtUp waits until the service has drawn every conclusion from what was
// said before: an attacker nobody has seen yet is said to attack, and when it
// is banned, all lines before its lines have gone the same way.
func caughtUp() error {
	addr := stranger()
	line := failureLine(addr)
	if err := laboratory.Syslog(line, line, line+" "+addr.String()); err != nil {
		return err
	}
	return awaitBan(addr)
}

var strangers atomic.Uint32

// stranger returns an IPv6 address that shares no net with any other.
func stranger() netip.Addr {
	n := strangers.Add(1)
	a := netip.MustParseAddr("2001:db8:c000::1").As16()
	a[4] |= byte(n >> 8)
	a[5] = byte(n)
	return netip.AddrFrom16(a)
}

// failureLine is what Postfix says of a failed login.
func failureLine(addr netip.Addr) string {
	return fmt.Sprintf("postfix/smtpd[4711]: warning: unknown[%s]: SASL LOGIN authentication failed: "+
		"(reason unavailable), sasl_username=laboratory", addr)
}

// failures is how many failed logins Postfix reported.
func failures(m lab.Metrics) uint64 {
	return uint64(m.Sum("smtpbl_events_total", `kind="auth_fail"`, `service="postfix"`))
}
