// Package selfaddr knows which addresses must never be banned because they
// are ours: those of this machine's interfaces and of its default gateways.
// A mail server that bans itself, or the gateway behind which all its clients
// seem to sit, locks everybody out.
package selfaddr

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addrs are the addresses of this machine's network namespace.
type Addrs struct {
	Own      []netip.Addr // of all interfaces
	Gateways []netip.Addr // of all default routes
}

// Read asks the kernel for the addresses as they are now.
func Read() (Addrs, error) {
	var out Addrs
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return out, fmt.Errorf("list own addresses: %w", err)
	}
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
		if err != nil {
			return out, fmt.Errorf("list routes: %w", err)
		}
		for i := range routes {
			out.Gateways = appendGateways(out.Gateways, &routes[i])
		}
	}
	return out, nil
}

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

// Watch sends on the returned channel when addresses or routes of this
// network namespace changed, until done is closed. Changes that come close
// together may be sent as one.
func Watch(done <-chan struct{}) (<-chan struct{}, error) {
	addrs := make(chan netlink.AddrUpdate)
	routes := make(chan netlink.RouteUpdate)
	if err := netlink.AddrSubscribe(addrs, done); err != nil {
		return nil, fmt.Errorf("watch own addresses: %w", err)
	}
	if err := netlink.RouteSubscribe(routes, done); err != nil {
		return nil, fmt.Errorf("watch routes: %w", err)
	}
	changed := make(chan struct{}, 1)
	go func() {
		for addrs != nil || routes != nil {
			select {
			case _, ok := <-addrs:
				if !ok {
					addrs = nil
				}
			case _, ok := <-routes:
				if !ok {
					routes = nil
				}
			}
			select {
			case changed <- struct{}{}:
			default:
			}
		}
		close(changed)
	}()
	return changed, nil
}
