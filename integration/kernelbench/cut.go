package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// The rows of the table of open connections.
const (
	nameApplied = "decision, until Apply returns"
	nameLast    = "decision, until the last packet is let through"
	nameKilled  = "decision, until the server's socket has its error (Apply, Kill)"
)

// afterBan is how long is waited for packets that a ban lets through.
const afterBan = 10 * time.Millisecond

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
	select {
	case <-server.flowing:
	case <-server.done: // too early, which expect tells
	}
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
	return s, server.expect(kill)
}
