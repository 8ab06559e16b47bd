package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// The rows of the table of open connections.
const (
	nameApplied = "decision, until Apply returns"
	nameLast    = "decision, until the last packet is let through"
	nameKilled  = "decision, until the server's socket has its error (Apply, Kill)"
)

// afterBan is how long is waited for packets that a ban lets through.
const afterBan = 10 * time.Millisecond

// cutter makes connections and bans their clients.
type cutter struct {
	client   *namespace
	h        *holder
	sessions *nft.Sessions
	listener *net.TCPListener
}

// cutConnections bans addresses while they send, and sees when the last packet
// arrives, and with Kill when the server is rid of the connection.
func (b *bench) cutConnections(ctx context.Context) (err error) {
	c, err := b.newCutter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	column := fmt.Sprintf("%d connections, %s bans", b.cuts, count(c.h.n))
	late, latest := 0, 0.0
	for range b.cuts {
		s, err := c.cut(ctx, false)
		if err != nil {
			return err
		}
		b.lastPacket.add(nameApplied, column, microseconds(s.applied.Sub(s.decided)))
		b.lastPacket.add(nameLast, column, microseconds(s.last.Sub(s.decided)))
		if after := microseconds(s.last.Sub(s.applied)); after > 0 {
			late, latest = late+1, max(latest, after)
		}
		if s, err = c.cut(ctx, true); err != nil {
			return err
		}
		b.lastPacket.add(nameKilled, column, microseconds(s.ended.Sub(s.decided)))
	}
	b.lastPacket.note("A packet was let through after Apply had returned in %d of %d connections, at most %s µs after.", late, b.cuts, number(latest))
	return nil
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

// cut is when what happened to one connection.
type cut struct {
	decided, applied time.Time
	last             time.Time // the last packet arrived
	ended            time.Time // the server's read failed
}

// cut lets a new client send, bans it, and with kill ends the connection.
func (c *cutter) cut(ctx context.Context, kill bool) (s cut, err error) {
	if err := stopped(ctx); err != nil {
		return s, err
	}
	addr := address(c.h.next)
	c.h.next++
	client, server, err := c.open(addr)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, client.close(), server.conn.Close()) }()
	go client.run()
	go server.read()
	<-server.flowing
	s.decided = time.Now()
	if err := c.h.ban(ctx, addr); err != nil {
		return s, err
	}
	s.applied = time.Now()
	if kill {
		if _, err := c.sessions.Kill([]netip.Prefix{netip.PrefixFrom(addr, 32)}); err != nil {
			return s, err
		}
	} else if err := server.conn.SetReadDeadline(s.applied.Add(afterBan)); err != nil {
		return s, fmt.Errorf("set a deadline: %w", err)
	}
	<-server.done
	s.last, s.ended = server.last, server.ended
	if errors.Is(server.err, errPeerEnded) {
		return s, server.err
	}
	return s, nil
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
