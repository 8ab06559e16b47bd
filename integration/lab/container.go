package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink"
)

// Container is a machine behind the mail server, as Docker makes one: a network
// namespace at the other end of a cable, one of whose ports the server publishes
// by rewriting the destination of packets (DNAT) before it routes them.
type Container struct {
	host   *Host
	listen []net.Listener
	undo   [][]string // commands that take its rules from the mail server
}

// containerCable is the server's end of the cable.
const containerCable = "to-container"

// The container's networks: Docker's usual one for IPv4, and one of RFC 4193.
var (
	bridge4, container4 = netip.MustParsePrefix("172.18.0.1/24"), netip.MustParsePrefix("172.18.0.2/24")
	bridge6, container6 = netip.MustParsePrefix("fd00:18::1/64"), netip.MustParsePrefix("fd00:18::2/64")
)

// Publish makes a container in which a server listens on the port inside, and
// greets with a line of its own; the mail server's port leads there.
func (l *Lab) Publish(port, inside uint16, greeting string) (*Container, error) {
	host, err := newHost("container")
	if err != nil {
		return nil, err
	}
	c := &Container{host: host}
	err = errors.Join(c.plug(l.MX), c.serve(inside, greeting))
	if err == nil {
		err = c.forward(l.MX, port, inside)
	}
	if err != nil {
		return nil, errors.Join(err, l.Unpublish(c))
	}
	return c, nil
}

// Unpublish takes the container and what leads to it away.
func (l *Lab) Unpublish(c *Container) error {
	var errs []error
	for _, command := range c.undo {
		errs = append(errs, l.MX.Run(command[0], command[1:]...))
	}
	for _, listener := range c.listen {
		errs = append(errs, listener.Close())
	}
	if dev, err := l.MX.nl.LinkByName(containerCable); err == nil {
		errs = append(errs, l.MX.nl.LinkDel(dev))
	}
	c.host.nl.Close()
	return errors.Join(append(errs, c.host.ns.Close())...)
}

// plug connects the container with the server.
func (c *Container) plug(server *Host) error {
	if err := c.host.sysctl(hostValues); err != nil {
		return err
	}
	err := server.Do(func() error {
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: containerCable}, PeerName: "eth0", PeerNamespace: netlink.NsFd(c.host.ns),
		})
	})
	if err != nil {
		return fmt.Errorf("connect a container: %w", err)
	}
	if err := address(server.nl, containerCable, bridge4, bridge6); err != nil {
		return err
	}
	if err := address(c.host.nl, "eth0", container4, container6); err != nil {
		return err
	}
	for _, gateway := range []netip.Prefix{bridge4, bridge6} {
		if err := c.host.nl.RouteAdd(&netlink.Route{Gw: gateway.Addr().AsSlice()}); err != nil {
			return fmt.Errorf("route out of a container: %w", err)
		}
	}
	return nil
}

// serve greets whoever connects, until the listeners are closed.
func (c *Container) serve(port uint16, greeting string) error {
	for _, addr := range []netip.Prefix{container4, container6} {
		var l net.Listener
		err := c.host.Do(func() (err error) {
			l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr.Addr(), port)))
			return err
		})
		if err != nil {
			return fmt.Errorf("listen in a container: %w", err)
		}
		c.listen = append(c.listen, l)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprintf(conn, "%s\r\n", greeting) // who has gone needs no greeting
				_ = conn.Close()
			}
		}()
	}
	return nil
}

// forward publishes the port with the rule that Docker writes (docs.docker.com,
// "Packet filtering and firewalls"), and lets the server route.
func (c *Container) forward(server *Host, port, inside uint16) error {
	if err := server.sysctl(map[string]string{"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1"}); err != nil {
		return err
	}
	for tool, to := range map[string]string{
		"iptables":  netip.AddrPortFrom(container4.Addr(), inside).String(),
		"ip6tables": netip.AddrPortFrom(container6.Addr(), inside).String(),
	} {
		rule := fmt.Sprintf("PREROUTING ! -i %s -p tcp --dport %d -m addrtype --dst-type LOCAL -j DNAT --to-destination %s", containerCable, port, to)
		if err := server.Run(tool, strings.Fields("-w -t nat -A "+rule)...); err != nil {
			return err
		}
		c.undo = append(c.undo, append([]string{tool}, strings.Fields("-w -t nat -D "+rule)...))
	}
	return nil
}
