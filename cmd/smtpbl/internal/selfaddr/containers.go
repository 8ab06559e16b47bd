package selfaddr

import (
	"net/netip"

	"github.com/vishvananda/netlink"
)

// private are the nets that nobody on the Internet has: RFC 1918, RFC 6598
// and RFC 4193.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"),
}

// virtual are the kinds of interfaces (IFLA_INFO_KIND, as the library names
// them) that lead to a container or a virtual machine and no further.
var virtual = map[string]bool{"veth": true, "tuntap": true, "netkit": true}

// containerNets returns the nets of container bridges such as docker0, br-…,
// podman0, lxcbr0 and virbr0: of those with no port but veth and tap, or with
// no port at all, and of their nets the private ones. Whatever its name, a
// bridge with a network card is a LAN, where anybody may be; and one with
// public addresses has clients of its own. Neither is exempt.
func containerNets(links []netlink.Link, addrs []netlink.Addr) []netip.Prefix {
	closed := map[int]bool{}
	for _, l := range links {
		if l.Type() == "bridge" {
			closed[l.Attrs().Index] = true
		}
	}
	for _, l := range links {
		if !virtual[l.Type()] {
			delete(closed, l.Attrs().MasterIndex)
		}
	}
	var out []netip.Prefix
	for i := range addrs {
		if addrs[i].IPNet == nil || !closed[addrs[i].LinkIndex] {
			continue
		}
		if p, ok := net(&addrs[i]); ok && isPrivate(p) {
			out = append(out, p)
		}
	}
	return out
}

// net returns the prefix that is reached through the interface of an address.
func net(a *netlink.Addr) (netip.Prefix, bool) {
	addr, ok := netip.AddrFromSlice(a.IP)
	ones, _ := a.Mask.Size()
	if !ok {
		return netip.Prefix{}, false
	}
	p, err := addr.Unmap().Prefix(ones)
	return p, err == nil
}

func isPrivate(p netip.Prefix) bool {
	for _, whole := range private {
		if whole.Overlaps(p) && p.Bits() >= whole.Bits() {
			return true
		}
	}
	return false
}
