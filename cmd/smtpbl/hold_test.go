package main

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// hold connects from an address that is none of this machine's to a port of
// it, as an administrator does with SSH, and holds the connection until the
// script ends: hold ADDR PORT. A route makes the address's /24 reachable
// within the namespace without giving it to an interface.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hold ADDR PORT")
	}
	addr, err := netip.ParseAddr(args[0])
	ts.Check(err)
	port, err := strconv.Atoi(args[1])
	ts.Check(err)
	whole, err := addr.Prefix(24)
	ts.Check(err)
	lo, err := netlink.LinkByName("lo")
	ts.Check(err)
	_, dst, err := net.ParseCIDR(whole.String())
	ts.Check(err)
	ts.Check(netlink.RouteReplace(&netlink.Route{
		LinkIndex: lo.Attrs().Index, Dst: dst, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST,
	}))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server := netip.AddrPortFrom(whole.Addr().Next(), uint16(port))
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", server.String())
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)), Timeout: 10 * time.Second}
	c, err := d.DialContext(ctx, "tcp4", server.String())
	ts.Check(err)
	ts.Defer(func() { _ = c.Close() })
}
