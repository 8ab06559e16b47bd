package selfaddr

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// Watch sends on the returned channel when addresses, routes or interfaces of
// this network namespace changed, until done is closed. Changes that come
// close together may be sent as one.
func Watch(done <-chan struct{}) (<-chan struct{}, error) {
	addrs := make(chan netlink.AddrUpdate)
	routes := make(chan netlink.RouteUpdate)
	links := make(chan netlink.LinkUpdate)
	if err := netlink.AddrSubscribe(addrs, done); err != nil {
		return nil, fmt.Errorf("watch own addresses: %w", err)
	}
	if err := netlink.RouteSubscribe(routes, done); err != nil {
		return nil, fmt.Errorf("watch routes: %w", err)
	}
	// A port that joins or leaves a bridge.
	if err := netlink.LinkSubscribe(links, done); err != nil {
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	changed := make(chan struct{}, 1)
	go func() {
		for addrs != nil || routes != nil || links != nil {
			var ok bool
			select {
			case _, ok = <-addrs:
				if !ok {
					addrs = nil
				}
			case _, ok = <-routes:
				if !ok {
					routes = nil
				}
			case _, ok = <-links:
				if !ok {
					links = nil
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
