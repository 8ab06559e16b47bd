package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// answerWait is how long a server may take for one answer; some make those
// wait who guessed wrong.
const answerWait = 20 * time.Second

// talk is one connection and what the client does on it.
type talk struct {
	from  netip.Addr
	port  uint16
	tls   bool // from the first byte
	steps []step
}

// step is one thing that a client does. errGone ends the talk, as it ends
// talks in the field: some servers hang up on what these clients do.
type step func(c *client) error

var errGone = errors.New("the server hung up")

// client is one connection.
type client struct {
	proto *protocol
	conn  net.Conn
	r     *bufio.Reader
	last  string // the last line that the server said
}

// atOnce is how many talks are held at a time: some servers make those who
// guess wrong wait for seconds. The log has their lines interleaved, as in the
// field.
const atOnce = 8

// hold holds the talks.
func hold(l *lab.Lab, p *protocol, talks []talk) error {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, t := range talks {
		g.Go(func() error {
			if err := holdOne(l, p, &t); err != nil && !errors.Is(err, errGone) {
				return fmt.Errorf("talk %d from %s to port %d: %w", i, t.from, t.port, err)
			}
			return nil
		})
	}
	return g.Wait()
}

func holdOne(l *lab.Lab, p *protocol, t *talk) error {
	host := l.Attacker
	if lab.NeighbourNet4.Contains(t.from) || lab.NeighbourNet6.Contains(t.from) {
		host = l.Neighbour
	}
	conn, err := host.Dial(t.from, t.port, answerWait)
	if err != nil {
		return err
	}
	c := &client{proto: p, conn: conn, r: bufio.NewReader(conn)}
	defer func() { _ = c.conn.Close() }()
	if t.tls {
		if err := c.secure(); err != nil {
			return err
		}
	}
	for _, s := range t.steps {
		if err := s(c); err != nil {
			return err
		}
	}
	return nil
}

// secure starts TLS. Whose certificate it is does not matter here.
func (c *client) secure() error {
	secured := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	_ = c.conn.SetDeadline(time.Now().Add(answerWait)) // fails only on a closed one, like the handshake
	if err := secured.Handshake(); err != nil {
		return errGone
	}
	c.conn, c.r = secured, bufio.NewReader(secured)
	return nil
}

// send sends text as it is.
func (c *client) send(text string) error {
	_ = c.conn.SetDeadline(time.Now().Add(answerWait)) // fails only on a closed one, like the write
	if _, err := c.conn.Write([]byte(text)); err != nil {
		return errGone
	}
	return nil
}

// answer reads until a line that is the end of an answer. Silence is an
// error: it means that a script expects what the server does not do.
func (c *client) answer(last func(line string) bool) error {
	_ = c.conn.SetDeadline(time.Now().Add(answerWait)) // fails only on a closed one, like the read
	for {
		line, err := c.r.ReadString('\n')
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("no answer after %q: %w", c.last, err)
		case err != nil:
			return errGone
		}
		if c.last = line; last(line) {
			return nil
		}
	}
}
