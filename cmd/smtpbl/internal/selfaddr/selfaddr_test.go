package selfaddr

import (
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
