package exempt

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
	"github.com/smtpbl/smtpbl/policy"
)

func why(list []policy.Exemption, prefix string) policy.Refusal {
	for _, x := range list {
		if x.Prefix == netip.MustParsePrefix(prefix) {
			return x.Refusal
		}
	}
	return ""
}

func TestCurrent(t *testing.T) {
	nstest.Enter(t)
	nstest.LoopbackUp(t)
	var log bytes.Buffer
	l := &List{
		Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
		Hosts:    []string{"localhost", "no-such-host.invalid"},
		Log:      slog.New(slog.NewTextHandler(&log, nil)),
	}
	for range 2 {
		got, err := l.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if why(got, "203.0.113.0/24") != policy.RefusedNeverBan || why(got, "127.0.0.1/32") == "" {
			t.Errorf("exemptions %v", got)
		}
	}
	if n := strings.Count(log.String(), "cannot resolve"); n != 1 {
		t.Errorf("an unknown host is told %d times, want once:\n%s", n, &log)
	}
}

// TestALostNameKeepsItsAddresses: a resolver that is down must not get the
// owner's own office banned.
func TestALostNameKeepsItsAddresses(t *testing.T) {
	nstest.Enter(t)
	l := &List{Hosts: []string{"no-such-host.invalid"}, Log: slog.New(slog.DiscardHandler)}
	l.resolved = map[string][]netip.Addr{"no-such-host.invalid": {netip.MustParseAddr("198.51.100.7")}}
	l.failing = map[string]bool{}
	got, err := l.Current(t.Context())
	if err != nil || why(got, "198.51.100.7/32") != policy.RefusedNeverBan {
		t.Errorf("exemptions %v, %v; want the last known address", got, err)
	}
}

func TestWatchTellsOfANewAddress(t *testing.T) {
	nstest.Enter(t)
	nstest.LoopbackUp(t)
	l := &List{Log: slog.New(slog.DiscardHandler)}
	before, err := l.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := netlink.ParseAddr("192.0.2.25/32")
	if err != nil {
		t.Fatal(err)
	}
	// Watch runs in this test's goroutine, because its sockets must be of
	// this thread's namespace; the address comes from a timer by a handle of
	// the same namespace.
	handle, err := netlink.NewHandle()
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	timer := time.AfterFunc(100*time.Millisecond, func() {
		if err := handle.AddrAdd(lo, addr); err != nil {
			t.Error(err)
		}
	})
	defer timer.Stop()
	var got []policy.Exemption
	if err := l.Watch(ctx, before, func(now []policy.Exemption) { got = now; cancel() }); err != nil {
		t.Fatal(err)
	}
	if why(got, "192.0.2.25/32") != policy.RefusedOwn {
		t.Errorf("told %v; want the new address", Prefixes(got))
	}
	if !slices.Contains(Prefixes(got), netip.MustParsePrefix("192.0.2.25/32")) {
		t.Errorf("prefixes %v", Prefixes(got))
	}
}
