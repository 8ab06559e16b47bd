package selfaddr

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

// bridge makes a bridge with addresses.
func bridge(t *testing.T, name string, addrs ...string) *netlink.Bridge {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	b := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(b); errors.Is(err, unix.EOPNOTSUPP) {
		nstest.Lacks(t, "the kernel has no bridges")
	} else if err != nil {
		t.Fatal(err)
	}
	for _, text := range addrs {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		a.Flags = 0x02 // IFA_F_NODAD
		if err := netlink.AddrAdd(b, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := netlink.LinkSetUp(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// card makes an interface that is neither a container's nor a virtual
// machine's, in the place of a network card: a macvlan over one.
func card(t *testing.T, name string) netlink.Link {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = name, link(t, name+"-below").Attrs().Index
	m := &netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_PASSTHRU}
	if err := netlink.LinkAdd(m); errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("the kernel has no macvlan")
	} else if err != nil {
		t.Fatal(err)
	}
	return m
}

func join(t *testing.T, port netlink.Link, b *netlink.Bridge) {
	t.Helper()
	if err := netlink.LinkSetMaster(port, b); err != nil {
		t.Fatal(err)
	}
}

func wantContainers(t *testing.T, want ...string) {
	t.Helper()
	got, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	nets := make([]netip.Prefix, 0, len(want))
	for _, text := range want {
		nets = append(nets, netip.MustParsePrefix(text))
	}
	slices.SortFunc(got.Containers, netip.Prefix.Compare)
	opt := cmpopts.EquateComparable(netip.Prefix{})
	if diff := cmp.Diff(nets, got.Containers, opt, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("nets of containers (-want +got):\n%s", diff)
	}
}

func TestContainers(t *testing.T) {
	nstest.Enter(t)
	wantContainers(t)
	docker := bridge(t, "docker0", "172.17.0.1/16", "fd00:17::1/64")
	join(t, link(t, "c1"), docker)
	bridge(t, "empty", "100.64.9.1/24")
	link(t, "c2", "10.9.9.1/24") // a veth that is on no bridge
	lan := bridge(t, "br0", "192.168.1.5/24")
	join(t, link(t, "vm"), lan)
	join(t, card(t, "e0"), lan)
	bridge(t, "public", "203.0.113.1/24", "2001:db8::1/64")
	bridge(t, "wide", "10.0.0.1/7")
	wantContainers(t, "100.64.9.0/24", "172.17.0.0/16", "fd00:17::/64")

	// Somebody plugs the cable into the container's bridge.
	join(t, card(t, "e1"), docker)
	wantContainers(t, "100.64.9.0/24")
}

// TestWatchSeesAPortJoin: that makes a LAN of a bridge and changes no address.
func TestWatchSeesAPortJoin(t *testing.T) {
	nstest.Enter(t)
	docker, port := bridge(t, "docker0", "172.17.0.1/16"), card(t, "e0")
	done := make(chan struct{})
	changed, err := Watch(done)
	if err != nil {
		t.Fatal(err)
	}
	join(t, port, docker)
	<-changed
	close(done)
	for range changed { // ends when all subscriptions have
	}
}

// TestContainerNets is TestContainers for kernels without bridges.
func TestContainerNets(t *testing.T) {
	t.Parallel()
	attrs := func(index, master int) netlink.LinkAttrs { return netlink.LinkAttrs{Index: index, MasterIndex: master} }
	links := []netlink.Link{
		&netlink.Bridge{LinkAttrs: attrs(1, 0)}, &netlink.Veth{LinkAttrs: attrs(11, 1)}, &netlink.Tuntap{LinkAttrs: attrs(12, 1)},
		&netlink.Bridge{LinkAttrs: attrs(2, 0)}, &netlink.Veth{LinkAttrs: attrs(21, 2)}, &netlink.Device{LinkAttrs: attrs(22, 2)},
		&netlink.Bridge{LinkAttrs: attrs(3, 0)}, &netlink.Vlan{LinkAttrs: attrs(31, 3)},
		&netlink.Bridge{LinkAttrs: attrs(4, 0)},
		&netlink.Device{LinkAttrs: attrs(5, 0)},
	}
	var addrs []netlink.Addr
	for text, index := range map[string]int{
		"172.17.0.1/16": 1, "fd00:17::1/64": 1, "203.0.113.1/24": 1, "10.0.0.1/7": 1, "2001:db8::1/64": 1,
		"192.168.1.5/24": 2, "192.168.3.5/24": 3, "100.64.9.1/24": 4, "10.5.0.1/24": 5,
	} {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		a.LinkIndex = index
		addrs = append(addrs, *a)
	}
	var got []string
	for _, p := range containerNets(links, append(addrs, netlink.Addr{LinkIndex: 1})) {
		got = append(got, p.String())
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"100.64.9.0/24", "172.17.0.0/16", "fd00:17::/64"}, got); diff != "" {
		t.Errorf("nets of containers (-want +got):\n%s", diff)
	}
}
