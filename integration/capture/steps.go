package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"net"
	"strings"
	"time"
)

// greet waits for the server's first words.
func greet(c *client) error { return c.answer(c.proto.greeted) }

// say sends a command and waits for the answer.
func say(command string) step {
	return func(c *client) error {
		if err := c.send(c.proto.tag + command + "\r\n"); err != nil {
			return err
		}
		return c.answer(c.proto.answered)
	}
}

// push sends text as it is and waits for nothing.
func push(text string) step {
	return func(c *client) error { return c.send(text) }
}

// await waits for n answers to what was pushed.
func await(n int) step {
	return func(c *client) error {
		for range n {
			if err := c.answer(c.proto.answered); err != nil {
				return err
			}
		}
		return nil
	}
}

// hear lets the server say what it will for a moment, be it nothing.
func hear(c *client) error {
	_ = c.conn.SetDeadline(time.Now().Add(time.Second)) // fails only on a closed one, like the read
	_, _ = c.r.ReadByte()
	return nil
}

// startTLS asks with command and, if the server agrees, starts TLS.
func startTLS(command string) step {
	return func(c *client) error {
		if err := say(command)(c); err != nil {
			return err
		}
		if !hasPrefix(c.last, "220", "a OK", "+OK", "OK") {
			return nil
		}
		return c.secure()
	}
}

// helloTLS says a TLS hello where nobody listens for one.
func helloTLS(c *client) error {
	_ = c.conn.SetDeadline(time.Now().Add(time.Second)) // fails only on a closed one, like the handshake
	// It fails: that is what it is for.
	_ = tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
	return nil
}

// reset cuts the connection without a goodbye.
func reset(c *client) error {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the end is merely more polite
	}
	return errGone
}

// plain logs in by PLAIN with an initial response (RFC 4616).
func plain(user, password string) step {
	return func(c *client) error {
		return say(c.proto.auth("PLAIN", b64("\x00"+user+"\x00"+password)))(c)
	}
}

// plainLate logs in by PLAIN and sends the response when asked to.
func plainLate(user, password string) step {
	return exchange("PLAIN", func(string) string { return "\x00" + user + "\x00" + password })
}

// login logs in by LOGIN, which has no standard: the server asks for the name
// and then for the password.
func login(mechanism, user, password string) step {
	return exchange(mechanism,
		func(string) string { return user }, func(string) string { return password })
}

// cram logs in by CRAM-MD5 (RFC 2195).
func cram(user, password string) step {
	return exchange("CRAM-MD5", func(challenge string) string {
		mac := hmac.New(md5.New, []byte(password))
		mac.Write([]byte(challenge))
		return user + " " + hex.EncodeToString(mac.Sum(nil))
	})
}

// exchange answers the challenges of a mechanism in turn.
func exchange(mechanism string, responses ...func(challenge string) string) step {
	return func(c *client) error {
		if err := say(c.proto.auth(mechanism, ""))(c); err != nil {
			return err
		}
		for _, respond := range responses {
			challenge, ok := challenge(c.last)
			if !ok {
				return nil
			}
			if err := c.respond(b64(respond(challenge))); err != nil {
				return err
			}
		}
		return nil
	}
}

// responding begins a login by a mechanism and sends raw responses.
func responding(mechanism string, responses ...string) step {
	return func(c *client) error {
		if err := say(c.proto.auth(mechanism, ""))(c); err != nil {
			return err
		}
		for _, r := range responses {
			if err := c.respond(r); err != nil {
				return err
			}
		}
		return nil
	}
}

func (c *client) respond(response string) error {
	if err := c.send(c.proto.quote(response) + "\r\n"); err != nil {
		return err
	}
	return c.answer(c.proto.answered)
}

// challenge takes what the server asks out of a line; ok is false where the
// line asks nothing but ends the login.
func challenge(line string) (text string, ok bool) {
	for _, prefix := range []string{"334", "+"} {
		if rest, found := strings.CutPrefix(line, prefix); found && !strings.HasPrefix(line, "+OK") {
			decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
			return string(decoded), err == nil
		}
	}
	return "", false
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// repeat is n times the same.
func repeat(n int, s step) []step {
	steps := make([]step, n)
	for i := range steps {
		steps[i] = s
	}
	return steps
}
