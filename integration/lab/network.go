package lab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// link is one cable: a host's end, and the end of the router, which is the
// network namespace of the program itself.
type link struct {
	host         *Host
	name         string         // of the router's end
	host4, host6 netip.Prefix   // the host's own addresses
	router4      netip.Prefix   // the router's, the host's gateways
	router6      netip.Prefix   //
	owned        []netip.Prefix // networks that lie behind the host
}

// connect builds the network: three hosts around a router.
//
//	mx 192.0.2.25 ─── router ─┬─ attacker  198.51.100.0/24, 2001:db8:bad::/48
//	   2001:db8:25::25        └─ neighbour 203.0.113.0/24,  2001:db8:1::/64
func (l *Lab) connect() error {
	if err := sysctl(routerValues); err != nil {
		return err
	}
	for i, h := range []**Host{&l.MX, &l.Attacker, &l.Neighbour} {
		host, err := newHost([]string{"mx", "attacker", "neighbour"}[i])
		if err != nil {
			return err
		}
		*h = host
	}
	for _, c := range []link{
		{
			host: l.MX, name: "to-mx",
			host4: netip.PrefixFrom(Server4, 24), host6: netip.PrefixFrom(Server6, 64),
			router4: netip.PrefixFrom(Gateway4, 24), router6: netip.PrefixFrom(Gateway6, 64),
		},
		{
			host: l.Attacker, name: "to-attacker",
			host4: netip.MustParsePrefix("198.18.1.2/30"), host6: netip.MustParsePrefix("2001:db8:ffff:1::2/64"),
			router4: netip.MustParsePrefix("198.18.1.1/30"), router6: netip.MustParsePrefix("2001:db8:ffff:1::1/64"),
			owned: []netip.Prefix{AttackNet4, AttackNets4, AttackNets6},
		},
		{
			host: l.Neighbour, name: "to-neighbour",
			host4: netip.MustParsePrefix("198.18.2.2/30"), host6: netip.MustParsePrefix("2001:db8:ffff:2::2/64"),
			router4: netip.MustParsePrefix("198.18.2.1/30"), router6: netip.MustParsePrefix("2001:db8:ffff:2::1/64"),
			owned: []netip.Prefix{NeighbourNet4, NeighbourNet6},
		},
	} {
		if err := c.lay(); err != nil {
			return fmt.Errorf("connect %s: %w", c.host.name, err)
		}
	}
	return nil
}

var routerValues = map[string]string{
	"ipv4/ip_forward":              "1",
	"ipv4/conf/all/rp_filter":      "0",
	"ipv4/conf/default/rp_filter":  "0",
	"ipv6/conf/all/disable_ipv6":   "0",
	"ipv6/conf/all/forwarding":     "1",
	"ipv6/conf/default/accept_dad": "0",
}

var hostValues = map[string]string{
	"ipv4/conf/all/rp_filter":      "0",
	"ipv4/conf/default/rp_filter":  "0",
	"ipv6/conf/all/disable_ipv6":   "0",
	"ipv6/conf/default/accept_dad": "0",
	// bind(2) to an IPv6 address of an owned network needs it; for IPv4 the
	// local route is enough.
	"ipv6/ip_nonlocal_bind": "1",
	// A connection whose other end is cut off is given up after a second or
	// two instead of a quarter of an hour; tests count packets.
	"ipv4/tcp_retries2": "2",
}

func (c *link) lay() error {
	if err := c.host.sysctl(hostValues); err != nil {
		return err
	}
	err := netlink.LinkAdd(&netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: c.name},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsFd(c.host.ns),
	})
	if err != nil {
		return fmt.Errorf("make a pair of interfaces: %w", err)
	}
	router := &netlink.Handle{} // this thread's network, like every thread's that Do did not move
	if err = address(router, c.name, c.router4, c.router6); err != nil {
		return err
	}
	if err = address(c.host.nl, "lo"); err != nil {
		return err
	}
	if err = address(c.host.nl, "eth0", c.host4, c.host6); err != nil {
		return err
	}
	if err = c.gateways(); err != nil {
		return err
	}
	return c.own(router)
}

// address gives an interface its addresses and takes it up.
func address(h *netlink.Handle, name string, prefixes ...netip.Prefix) error {
	dev, err := h.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find interface %s: %w", name, err)
	}
	for _, p := range prefixes {
		a := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD // usable at once
		}
		if err := h.AddrAdd(dev, a); err != nil {
			return fmt.Errorf("give %s the address %s: %w", name, p, err)
		}
	}
	if err := h.LinkSetUp(dev); err != nil {
		return fmt.Errorf("take %s up: %w", name, err)
	}
	return nil
}

func (c *link) gateways() error {
	for _, p := range []netip.Prefix{c.router4, c.router6} {
		if err := c.host.nl.RouteAdd(&netlink.Route{Gw: p.Addr().AsSlice()}); err != nil {
			return fmt.Errorf("route to gateway %s: %w", p.Addr(), err)
		}
	}
	return nil
}

// own gives the host whole networks: a route of type local makes every
// address in them the host's own ("AnyIP"), without configuring any.
func (c *link) own(router *netlink.Handle) error {
	lo, err := c.host.nl.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find interface lo: %w", err)
	}
	for _, owned := range c.owned {
		via := c.host4
		if owned.Addr().Is6() {
			via = c.host6
		}
		local := &netlink.Route{
			LinkIndex: lo.Attrs().Index, Dst: ipNet(owned),
			Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST,
		}
		if err := c.host.nl.RouteAdd(local); err != nil {
			return fmt.Errorf("own %s: %w", owned, err)
		}
		if err := router.RouteAdd(&netlink.Route{Dst: ipNet(owned), Gw: via.Addr().AsSlice()}); err != nil {
			return fmt.Errorf("route to %s: %w", owned, err)
		}
	}
	return nil
}

// ipNet is what the netlink package takes.
func ipNet(p netip.Prefix) *net.IPNet {
	n := netlink.NewIPNet(p.Addr().AsSlice())
	n.Mask = net.CIDRMask(p.Bits(), p.Addr().BitLen())
	return n
}
