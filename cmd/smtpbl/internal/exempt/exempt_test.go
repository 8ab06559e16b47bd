package exempt

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

func why(list []policy.Exemption, prefix string) policy.Refusal {
	var found policy.Refusal
	for _, x := range list {
		if x.Prefix == netip.MustParsePrefix(prefix) {
			found = x.Refusal // the last one counts
		}
	}
	return found
}

func current(t *testing.T, l *List) []policy.Exemption {
	t.Helper()
	got, err := l.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

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
		got := current(t, l)
		if why(got, "203.0.113.0/24") != policy.RefusedNeverBan || why(got, "127.0.0.1/32") == "" {
			t.Errorf("exemptions %v", got)
		}
	}
	if n := strings.Count(log.String(), "cannot resolve"); n != 1 {
		t.Errorf("an unknown host is told %d times, want once:\n%s", n, &log)
	}
	if got := l.Failing(); len(got) != 1 || !strings.Contains(got[0], "it can be banned") || !strings.Contains(got[0], "no-such-host.invalid") {
		t.Errorf("what fails: %q", got)
	}
	l.Hosts = nil
	l.Networks = func(context.Context) (string, error) { return "192.0.2.0/24 hash:/etc/postfix/nets", nil }
	l.told("host no-such-host.invalid", nil, "")
	if current(t, l); len(l.Failing()) != 0 {
		t.Errorf("nothing fails any more, and still it says %q", l.Failing())
	}
}

// TestALostNameKeepsItsAddresses: a resolver that is down must not get the
// owner's own office banned, not even after a reboot.
func TestALostNameKeepsItsAddresses(t *testing.T) {
	nstest.Enter(t)
	file := filepath.Join(t.TempDir(), "exempt.json")
	office, nets := netip.MustParseAddr("198.51.100.7"), netip.MustParsePrefix("192.0.2.0/24")
	err := remember(file, &memory{
		Hosts:    map[string][]netip.Addr{"no-such-host.invalid": {office}, "gone.example.org": {office.Next()}},
		Networks: []netip.Prefix{nets},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &List{Hosts: []string{"no-such-host.invalid"}, Memory: file, Log: quiet()}
	l.Networks = func(context.Context) (string, error) { return "", os.ErrDeadlineExceeded }
	for range 2 {
		got := current(t, l)
		if why(got, "198.51.100.7/32") != policy.RefusedNeverBan || why(got, "192.0.2.0/24") != policy.RefusedMyNetworks {
			t.Errorf("exemptions %v; want those of the last run", got)
		}
		if why(got, "198.51.100.8/32") != "" {
			t.Errorf("exemptions %v: a name that is configured no more is exempt", got)
		}
	}
	off := &List{Memory: file, Log: quiet()}
	if got := current(t, off); why(got, "192.0.2.0/24") != "" {
		t.Errorf("exemptions %v: mynetworks is not asked for any more", got)
	}
}

// TestAnAnswerOfNowhereIsNone: it takes nothing from what was known, and does not
// spoil the file of it.
func TestAnAnswerOfNowhereIsNone(t *testing.T) {
	nstest.Enter(t)
	file := filepath.Join(t.TempDir(), "exempt.json")
	office := netip.MustParseAddr("198.51.100.7")
	const filtered = "0.0.0.0" // answers itself, without a name server
	if err := remember(file, &memory{Hosts: map[string][]netip.Addr{filtered: {office}}}); err != nil {
		t.Fatal(err)
	}
	l := &List{Hosts: []string{filtered}, Memory: file, Log: quiet()}
	if got := current(t, l); why(got, "198.51.100.7/32") != policy.RefusedNeverBan || why(got, "0.0.0.0/32") != "" {
		t.Errorf("exemptions %v; want those of the last run", got)
	}
	if m, err := recall(file); err != nil || len(m.Hosts) != 1 {
		t.Errorf("remembered %+v, %v", m, err)
	}
}

// TestAnswersAreWrittenDown, and read by the next run.
func TestAnswersAreWrittenDown(t *testing.T) {
	nstest.Enter(t)
	nstest.LoopbackUp(t)
	file := filepath.Join(t.TempDir(), "exempt.json")
	l := &List{Hosts: []string{"localhost"}, Memory: file, Log: quiet()}
	l.Networks = func(context.Context) (string, error) { return "10.20.0.0/16 [2001:db8:9::]/48\n", nil }
	current(t, l)
	m, err := recall(file)
	if err != nil || !slices.Contains(m.Hosts["localhost"], netip.MustParseAddr("127.0.0.1")) || len(m.Networks) != 2 {
		t.Errorf("remembered %+v, %v", m, err)
	}
	if err := os.WriteFile(file, []byte(`{"hosts":`), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	l = &List{Memory: file, Log: slog.New(slog.NewTextHandler(&log, nil))}
	current(t, l)
	if !strings.Contains(log.String(), "cannot read what was exempt") {
		t.Errorf("a damaged file is not told:\n%s", &log)
	}
}

// watch runs Watch until the test has seen what it wants: in this goroutine,
// because its sockets must be of this thread's namespace. do is called beside.
func watch(t *testing.T, l *List, do func(), want func([]policy.Exemption) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	timer := time.AfterFunc(50*time.Millisecond, do)
	defer timer.Stop()
	var got []policy.Exemption
	var seen bool
	err := l.Watch(ctx, func(now []policy.Exemption) bool {
		if got = now; want(now) {
			seen = true
			cancel()
		}
		return true
	})
	if err != nil || !seen {
		t.Errorf("Watch: %v; told %v", err, got)
	}
}

func TestWatchTellsOfANewAddress(t *testing.T) {
	nstest.Enter(t)
	nstest.LoopbackUp(t)
	l := &List{Log: quiet()}
	current(t, l)
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := netlink.ParseAddr("192.0.2.25/32")
	if err != nil {
		t.Fatal(err)
	}
	// The address comes from a timer by a handle of the same namespace.
	handle, err := netlink.NewHandle()
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	add := func() {
		if err := handle.AddrAdd(lo, addr); err != nil {
			t.Error(err)
		}
	}
	watch(t, l, add, func(now []policy.Exemption) bool { return why(now, "192.0.2.25/32") == policy.RefusedOwn })
}

// TestWatchTellsWhatCameBeforeIt: an address that came after Current, and no
// more change after it.
func TestWatchTellsWhatCameBeforeIt(t *testing.T) {
	nstest.Enter(t)
	l := &List{Log: quiet()}
	current(t, l)
	nstest.LoopbackUp(t) // which brings 127.0.0.1
	watch(t, l, func() {}, func(now []policy.Exemption) bool { return why(now, "127.0.0.1/32") == policy.RefusedOwn })
}

// TestALostSubscriptionIsTakenUpAgain, and what came in between is looked at.
func TestALostSubscriptionIsTakenUpAgain(t *testing.T) {
	nstest.Enter(t)
	l := &List{Log: quiet()}
	current(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	subscribed, told := 0, false
	l.tell = func(now []policy.Exemption) bool {
		if told = told || why(now, "127.0.0.1/32") == policy.RefusedOwn; told {
			cancel()
		}
		return true
	}
	l.watchSelf(ctx, func(<-chan struct{}) (<-chan struct{}, error) {
		updates := make(chan struct{})
		switch subscribed++; subscribed {
		case 1:
			close(updates)
		case 2:
			nstest.LoopbackUp(t)
		}
		return updates, nil
	})
	if subscribed != 2 || !told {
		t.Errorf("subscribed %d times, want twice; told of the address: %v", subscribed, told)
	}
}

// TestWhatWasNotTakenIsToldAgain, also where it is as it was before.
func TestWhatWasNotTakenIsToldAgain(t *testing.T) {
	l := &List{Log: quiet(), Resolv: []string{"/nonexistent"}}
	told := 0
	l.tell = func([]policy.Exemption) bool { told++; return told > 2 }
	l.Prefixes = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	for range 4 {
		l.publish()
	}
	if told != 3 {
		t.Errorf("told %d times, want until it was taken the third time", told)
	}
}

// TestWhoeverIsConnectedIsSpared with a real connection in a namespace, found
// by a look that a failed login gives occasion to.
func TestWhoeverIsConnectedIsSpared(t *testing.T) {
	nstest.Enter(t)
	nstest.LoopbackUp(t)
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"192.0.2.25/32", "198.51.100.9/32"} { // ours, and one that plays the administrator's
		addr, err := netlink.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.AddrAdd(lo, addr); err != nil {
			t.Fatal(err)
		}
	}
	server, err := net.Listen("tcp4", "192.0.2.25:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	port := server.Addr().(*net.TCPAddr).AddrPort().Port()
	peers, err := nft.OpenPeers([]uint16{port})
	if err != nil {
		t.Fatal(err)
	}
	defer peers.Close()
	l := &List{Peers: peers, Log: quiet()}
	own := func(list []policy.Exemption) []policy.Exemption { // the address is ours too, which comes first
		return slices.DeleteFunc(slices.Clone(list), func(x policy.Exemption) bool { return x.Refusal == policy.RefusedOwn })
	}
	if got := own(current(t, l)); why(got, "198.51.100.9/32") != "" {
		t.Errorf("spared before it connects: %v", got)
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(198, 51, 100, 9)}} //nolint:forbidigo // the library's field
	conn, err := d.DialContext(t.Context(), "tcp4", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	watch(t, l, l.LookSoon, func(now []policy.Exemption) bool { return why(own(now), "198.51.100.9/32") == policy.RefusedSSH })
}

// TestLookAgainReturnsWhenItIsTold: what follows a ban waits for it.
func TestLookAgainReturnsWhenItIsTold(t *testing.T) {
	l := &List{Log: quiet(), Resolv: []string{"/nonexistent"}}
	var told atomic.Int32
	l.tell = func(now []policy.Exemption) bool {
		if why(now, "198.51.100.9/32") == policy.RefusedSSH {
			told.Add(1)
		}
		return true
	}
	l.LookAgain() // nobody to ask
	l.Peers = list{{Addr: netip.MustParseAddr("198.51.100.9"), Connection: 1}}
	l.LookAgain()
	l.LookAgain()
	if n := told.Load(); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}
