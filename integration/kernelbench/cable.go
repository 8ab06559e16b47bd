package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The addresses of every server and of what is at the other end of its cable.
var (
	server4 = netip.MustParsePrefix("192.0.2.25/24")
	server6 = netip.MustParsePrefix("fd25::25/64")
	router4 = netip.MustParsePrefix("192.0.2.1/24")
	router6 = netip.MustParsePrefix("fd25::1/64")
)

// All servers and all routers have the same hardware address, so that the same
// frames fit every cable.
var (
	serverMAC = net.HardwareAddr{0x02, 0, 0, 0, 0, 0x25}
	routerMAC = net.HardwareAddr{0x02, 0, 0, 0, 0, 0x01}
)

// join connects a router and a server with a virtual cable, whose ends have the
// given name, and returns the number of the router's end.
func join(router, server *namespace, name string) (index int, err error) {
	err = router.nl.LinkAdd(&netlink.Veth{
		LinkAttrs:        netlink.LinkAttrs{Name: name, HardwareAddr: routerMAC},
		PeerName:         name,
		PeerHardwareAddr: serverMAC,
		PeerNamespace:    netlink.NsFd(server.fd),
	})
	if err != nil {
		return 0, fmt.Errorf("lay a cable: %w", err)
	}
	end, err := router.plug(name, router4, router6)
	if err != nil {
		return 0, err
	}
	if _, err := server.plug(name, server4, server6); err != nil {
		return 0, err
	}
	return end.Attrs().Index, nil
}

// plug sets the addresses of a cable's end and switches it on.
func (ns *namespace) plug(name string, addrs ...netip.Prefix) (netlink.Link, error) {
	link, err := ns.nl.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("find the cable: %w", err)
	}
	for _, p := range addrs {
		addr, err := netlink.ParseAddr(p.String())
		if err != nil {
			return nil, fmt.Errorf("read address %s: %w", p, err)
		}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD // usable at once
		}
		if err := ns.nl.AddrAdd(link, addr); err != nil {
			return nil, fmt.Errorf("add address %s: %w", p, err)
		}
	}
	if err := ns.nl.LinkSetUp(link); err != nil {
		return nil, fmt.Errorf("switch the cable on: %w", err)
	}
	return link, nil
}

// route makes the server answer all others through the cable. Without a way
// back, a kernel that checks sources drops their packets before any rule.
func (ns *namespace) route(name string) error {
	link, err := ns.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find the cable: %w", err)
	}
	for _, gateway := range []netip.Addr{router4.Addr(), router6.Addr()} {
		err := ns.nl.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway.AsSlice()})
		if err != nil {
			return fmt.Errorf("route through %s: %w", gateway, err)
		}
	}
	return nil
}

// own makes all addresses of a network the namespace's own.
func (ns *namespace) own(network netip.Prefix) error {
	lo, err := ns.nl.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback: %w", err)
	}
	dst, err := netlink.ParseIPNet(network.String())
	if err != nil {
		return fmt.Errorf("read network %s: %w", network, err)
	}
	err = ns.nl.RouteAdd(&netlink.Route{
		LinkIndex: lo.Attrs().Index, Dst: dst,
		Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: unix.RT_SCOPE_HOST,
	})
	if err != nil {
		return fmt.Errorf("own network %s: %w", network, err)
	}
	return nil
}
