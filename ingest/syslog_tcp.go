package ingest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxSenders bounds the connections, and with maxSyslog the memory. A
	// quiet one is never closed to make room: a syslog daemon does not notice
	// and loses its next message.
	maxSenders = 64
	// patience is how long the rest of a message may take that has begun.
	patience = 30 * time.Second
)

// tcpSocket takes connections of syslog daemons (RFC 6587).
type tcpSocket struct {
	*net.TCPListener
	s *Syslog

	mu    sync.Mutex
	conns map[*net.TCPConn]struct{} // nil once closed
	group sync.WaitGroup
}

func (s *Syslog) listenTCP(ctx context.Context, addr netip.AddrPort) (socket, error) {
	var options net.ListenConfig
	l, err := options.Listen(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	return &tcpSocket{TCPListener: l.(*net.TCPListener), s: s, conns: map[*net.TCPConn]struct{}{}}, nil
}

func (t *tcpSocket) place() string { return "tcp:" + t.Addr().String() }

// Close ends serve and the connections.
func (t *tcpSocket) Close() error {
	err := t.TCPListener.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	for conn := range t.conns {
		_ = conn.Close() // its reader ends by it
	}
	t.conns = nil
	return err
}

func (t *tcpSocket) serve(ctx context.Context) {
	defer t.group.Wait()
	for {
		conn, err := t.AcceptTCP()
		if err != nil {
			if t.s.readFailed(ctx, t.place(), err) {
				return
			}
			continue
		}
		t.welcome(ctx, conn)
	}
}

// welcome starts the reader of a connection that is believed and has room.
func (t *tcpSocket) welcome(ctx context.Context, conn *net.TCPConn) {
	peer, own := plain(conn.RemoteAddr()), plain(conn.LocalAddr())
	switch {
	case peer.Addr().IsLoopback() && !believeTCP(peer, own):
		t.s.refuse(t.place(), peer.String())
	case !t.keep(conn):
		t.s.stats.refused.Add(1)
		t.s.cfg.Logger.Warn("too many connections to the syslog socket, one more is refused", "listen", t.place(), "peer", peer.String())
	default:
		t.group.Go(func() {
			t.receive(ctx, conn)
			t.forget(conn)
		})
		return
	}
	_ = conn.Close() // nothing was read
}

// plain is the address as the kernel's tables are compared with.
func plain(a net.Addr) netip.AddrPort {
	at := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

func (t *tcpSocket) keep(conn *net.TCPConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil || len(t.conns) >= maxSenders {
		return false
	}
	t.conns[conn] = struct{}{}
	return true
}

func (t *tcpSocket) forget(conn *net.TCPConn) {
	t.mu.Lock()
	delete(t.conns, conn)
	t.mu.Unlock()
	_ = conn.Close() // everything was read
}

// receive reads one connection to its end. A sender that is not understood, or
// leaves a message half told, is cut off.
func (t *tcpSocket) receive(ctx context.Context, conn *net.TCPConn) {
	buf := make([]byte, 16<<10)
	var f frames
	var err error
	for err == nil {
		var n int
		n, err = conn.Read(buf)
		before := f.long()
		if bad := f.feed(buf[:n], t.s.put); bad != nil {
			t.s.stats.refused.Add(1)
			t.s.cfg.Logger.Warn("a connection to the syslog socket is no syslog, closing it", "listen", t.place(), "err", bad)
			return
		}
		t.s.stats.overLong.Add(f.long() - before)
		if err == nil {
			err = conn.SetReadDeadline(t.deadline(&f))
		}
	}
	if ctx.Err() == nil && !f.end(errors.Is(err, io.EOF), t.s.put) {
		t.s.stats.refused.Add(1)
	}
}

// deadline is when what has begun must have come; none between messages.
func (t *tcpSocket) deadline(f *frames) time.Time {
	if f.open() {
		return time.Now().Add(patience)
	}
	return time.Time{}
}
