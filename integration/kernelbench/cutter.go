package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/smtpbl/smtpbl/nft"
)

// cutter makes connections and bans their clients.
type cutter struct {
	client   *namespace
	h        *holder
	sessions *nft.Sessions
	listener *net.TCPListener
}

// newCutter makes a server with a full table and a client that has all
// addresses that can be banned.
func (b *bench) newCutter(ctx context.Context) (c *cutter, err error) {
	c = &cutter{}
	if c.h, err = b.hold(ctx, ways(b.options)[0]); err != nil {
		return nil, err
	}
	_, err = b.fill(ctx, c.h, b.variantSize)
	if err == nil {
		c.client, err = newNamespace()
	}
	if err == nil {
		_, err = c.client.prefer()
	}
	if err == nil {
		err = c.connect()
	}
	if err == nil {
		c.sessions, err = nft.OpenSessions(mailPorts, nft.WithNetNS(c.h.ns.fd))
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *cutter) connect() error {
	if _, err := join(c.client, c.h.ns, "cable"); err != nil {
		return err
	}
	if err := errors.Join(c.h.ns.route("cable"), c.client.own(bannedNet4)); err != nil {
		return err
	}
	return c.h.ns.do(func() (err error) {
		c.listener, err = listenStamped(netip.AddrPortFrom(server4.Addr(), mailPorts[0]))
		return err
	})
}

func (c *cutter) close() error {
	var errs []error
	if c.sessions != nil {
		errs = append(errs, c.sessions.Close())
	}
	if c.listener != nil {
		errs = append(errs, c.listener.Close())
	}
	if c.client != nil {
		c.client.close()
	}
	return errors.Join(append(errs, c.h.close())...)
}

// open makes a connection from addr to the server.
func (c *cutter) open(addr netip.Addr) (*flood, *stampedConn, error) {
	f, err := newFlood(c.client, addr)
	if err != nil {
		return nil, nil, err
	}
	server, err := c.listener.AcceptTCP()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("accept a connection: %w", err), f.close())
	}
	return f, newStampedConn(server), nil
}
