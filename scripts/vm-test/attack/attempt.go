package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// Attempt is one attempt and how it ended.
type Attempt struct {
	Source  netip.Addr `json:"source"`
	Port    uint16     `json:"port"`
	At      time.Time  `json:"at"` // when it began
	Took    float64    `json:"took_seconds"`
	Outcome string     `json:"outcome"`
	// Held tells how a connection ended that was held: "open" says that it had
	// not ended.
	Held string `json:"held,omitempty"`
}

// attack makes the attempts of one source.
func (o *options) attack(ctx context.Context, source netip.Addr, tell func(Attempt)) {
	var under sync.WaitGroup
	defer under.Wait()
	for n := 0; ctx.Err() == nil && (o.attempts == 0 || n < o.attempts); n++ {
		if o.every == 0 {
			tell(o.attempt(source, tell))
			continue
		}
		under.Go(func() { tell(o.attempt(source, tell)) })
		select {
		case <-ctx.Done():
		case <-time.After(o.every):
		}
	}
}

// attempt makes one attempt. Where the connection is held, its beginning is told
// at once.
func (o *options) attempt(source netip.Addr, tell func(Attempt)) Attempt {
	a := Attempt{Source: source, Port: o.port, At: time.Now()}
	conn, outcome := o.login(source)
	a.Outcome, a.Took = outcome, time.Since(a.At).Seconds()
	if conn == nil {
		return a
	}
	if o.hold > 0 {
		tell(a)
		a.Held = hold(conn, o.hold)
		a.Took = time.Since(a.At).Seconds()
	}
	_ = conn.Close() // what there was to learn is known
	return a
}

// login connects, logs in if there is a user, and returns the connection unless
// it is broken.
func (o *options) login(source netip.Addr) (net.Conn, string) {
	server, err := o.server(source)
	if err != nil {
		return nil, outcome(err)
	}
	dialer := net.Dialer{Timeout: o.connect, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))}
	conn, err := dialer.Dial("tcp", server.String())
	if err != nil {
		return nil, outcome(err)
	}
	session, err := lab.Greet(conn, o.port, o.answer)
	if err != nil {
		return nil, outcome(err)
	}
	if o.user == "" {
		return conn, "greeting"
	}
	code, err := session.Auth(o.mechanism, o.user, o.password)
	if err != nil {
		_ = conn.Close()
		return nil, outcome(err)
	}
	if o.recipient != "" && code == lab.CodeAccepted {
		if err := session.Send(o.user+"@localhost", o.recipient); err != nil {
			_ = conn.Close()
			return nil, outcome(err)
		}
	}
	if o.hold == 0 {
		_ = session.Quit() // a server that ends it first has answered as well
	}
	return conn, strconv.Itoa(int(code))
}

// hold reads until the connection breaks or the time is over.
func hold(conn net.Conn, lasting time.Duration) string {
	if err := conn.SetDeadline(time.Now().Add(lasting)); err != nil {
		return outcome(err)
	}
	_, err := io.Copy(io.Discard, conn)
	switch {
	case err == nil:
		return "closed"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "open"
	default:
		return outcome(err)
	}
}

// outcome is the word for an error.
func outcome(err error) string {
	var answer *textproto.Error
	var network net.Error
	switch {
	case errors.As(err, &answer):
		return strconv.Itoa(answer.Code)
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, syscall.ETIMEDOUT):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	default:
		return "error: " + err.Error()
	}
}
