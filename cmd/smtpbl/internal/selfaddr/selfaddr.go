// Package selfaddr knows which addresses must never be banned because they
// are ours: those of this machine's interfaces, of its default gateways and of
// its containers. A mail server that bans itself, the gateway behind which all
// its clients seem to sit, or its own webmail, locks everybody out.
package selfaddr

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addrs are the addresses of this machine's network namespace.
type Addrs struct {
	Own      []netip.Addr // of all interfaces
	Gateways []netip.Addr // of all default routes
	// Containers are the nets of bridges that only containers and virtual
	// machines of this machine are on.
	Containers []netip.Prefix
}

// tries is how often Read begins anew where a change came in between.
const tries = 3

// Read asks the kernel for the addresses as they are now. Where they change all
// the time, as when many containers start, it takes what it got: Watch tells of
// what it missed.
func Read() (Addrs, error) { return steady(read) }

func steady(read func() (Addrs, error)) (out Addrs, err error) {
	for range tries {
		if out, err = read(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return out, err
		}
	}
	return out, nil
}

// read is one attempt. With netlink.ErrDumpInterrupted it returns what it got.
func read() (Addrs, error) {
	var out Addrs
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if failed(err) {
		return out, fmt.Errorf("list own addresses: %w", err)
	}
	interrupted := err
	for i := range addrs {
		if addrs[i].IPNet != nil {
			out.Own = appendAddr(out.Own, addrs[i].IP) //nolint:forbidigo // the library's field
		}
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		// Every table, because policy routing keeps default routes elsewhere
		// than in main.
		filter := &netlink.Route{Table: unix.RT_TABLE_UNSPEC}
		routes, err := netlink.RouteListFiltered(family, filter, netlink.RT_FILTER_TABLE)
		if failed(err) {
			return out, fmt.Errorf("list routes: %w", err)
		}
		interrupted = errors.Join(interrupted, err)
		for i := range routes {
			out.Gateways = appendGateways(out.Gateways, &routes[i])
		}
	}
	links, err := netlink.LinkList()
	if failed(err) {
		return out, fmt.Errorf("list interfaces: %w", err)
	}
	out.Containers = containerNets(links, addrs)
	return out, errors.Join(interrupted, err)
}

// failed tells whether a list is worth nothing.
func failed(err error) bool { return err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) }

func appendGateways(out []netip.Addr, r *netlink.Route) []netip.Addr {
	if r.Dst != nil {
		if ones, _ := r.Dst.Mask.Size(); ones != 0 {
			return out
		}
	}
	out = appendAddr(out, r.Gw)
	if via, ok := r.Via.(*netlink.Via); ok {
		out = appendAddr(out, via.Addr)
	}
	for _, hop := range r.MultiPath {
		out = appendAddr(out, hop.Gw)
	}
	return out
}

func appendAddr(out []netip.Addr, ip []byte) []netip.Addr {
	if a, ok := netip.AddrFromSlice(ip); ok {
		return append(out, a.Unmap())
	}
	return out
}
