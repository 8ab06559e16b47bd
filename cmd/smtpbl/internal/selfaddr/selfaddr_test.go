package selfaddr

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

// link makes an interface with addresses in the test's namespace.
func link(t *testing.T, name string, addrs ...string) netlink.Link {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	l := &netlink.Veth{LinkAttrs: attrs, PeerName: name + "-peer"}
	if err := netlink.LinkAdd(l); err != nil {
		t.Fatal(err)
	}
	for _, text := range addrs {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.AddrAdd(l, a); err != nil {
			t.Fatal(err)
		}
	}
	peer, err := netlink.LinkByName(l.PeerName)
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []netlink.Link{l, peer} {
		if err := netlink.LinkSetUp(end); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func route(t *testing.T, l netlink.Link, gateway string, table int) {
	t.Helper()
	gw := netip.MustParseAddr(gateway)
	err := netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Gw: gw.AsSlice(), Table: table})
	if err != nil {
		t.Fatal(err)
	}
}

func has(list []netip.Addr, addr string) bool {
	return slices.Contains(list, netip.MustParseAddr(addr))
}

func TestRead(t *testing.T) {
	nstest.Enter(t)
	a := link(t, "a", "192.0.2.25/24", "2001:db8:25::25/64")
	b := link(t, "b", "198.51.100.25/24")
	route(t, a, "192.0.2.1", 0)
	route(t, a, "2001:db8:25::1", 0)
	route(t, b, "198.51.100.1", 100) // policy routing
	got, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"192.0.2.25", "2001:db8:25::25", "198.51.100.25"} {
		if !has(got.Own, own) {
			t.Errorf("%s is not among our own %v", own, got.Own)
		}
	}
	for _, gw := range []string{"192.0.2.1", "2001:db8:25::1", "198.51.100.1"} {
		if !has(got.Gateways, gw) {
			t.Errorf("%s is not among the gateways %v", gw, got.Gateways)
		}
	}
	if len(got.Gateways) != 3 {
		t.Errorf("gateways %v, want three", got.Gateways)
	}
}

// TestReadWhileAddressesChange begins anew, and in the end takes what it got: the
// service must not fail to start because containers do.
func TestReadWhileAddressesChange(t *testing.T) {
	some := Addrs{Own: []netip.Addr{netip.MustParseAddr("192.0.2.25")}}
	for _, interruptions := range []int{1, tries} {
		n := 0
		got, err := steady(func() (Addrs, error) {
			if n++; n <= interruptions {
				return some, errors.Join(nil, netlink.ErrDumpInterrupted)
			}
			return Addrs{Own: append(some.Own, some.Own...)}, nil
		})
		whole := interruptions < tries
		if err != nil || n != min(interruptions+1, tries) || (len(got.Own) == 2) != whole {
			t.Errorf("%d interruptions: %v, %v after %d attempts", interruptions, got, err, n)
		}
	}
	broken := errors.New("no memory")
	if _, err := steady(func() (Addrs, error) { return Addrs{}, broken }); !errors.Is(err, broken) {
		t.Errorf("steady() = %v, want %v", err, broken)
	}
}

// TestWatchEnds when one of its subscriptions is lost.
func TestWatchEnds(t *testing.T) {
	f := &following{changed: make(chan struct{}, 1), stop: make(chan struct{}), lost: make(chan struct{}, 3)}
	go f.untilEnd(nil)
	err := follow(f, "nothing", func(updates chan<- int, _ <-chan struct{}) error {
		go func() { updates <- 1; close(updates) }()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range f.changed { // ends with it
	}
}

func TestWatch(t *testing.T) {
	nstest.Enter(t)
	done := make(chan struct{})
	changed, err := Watch(done)
	if err != nil {
		t.Fatal(err)
	}
	link(t, "a", "192.0.2.25/24")
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Error("a new address was not noticed")
	}
	close(done)
	for range changed { // ends when both subscriptions have
	}
}
