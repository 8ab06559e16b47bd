package postfix

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// Ask asks at a socket as Postfix does, about an address that is never turned
// away, and returns why there was no proper answer.
func Ask(ctx context.Context, p Protocol, path string) error {
	ctx, cancel := context.WithTimeout(ctx, slowest)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("ask as Postfix does: %w", err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(slowest)) // fails like the write that follows
	question := "request=smtpd_access_policy\nclient_address=127.0.0.1\n\n"
	if p == Map {
		question = string(netstring("smtpbl 127.0.0.1"))
	}
	if _, err := conn.Write([]byte(question)); err != nil {
		return fmt.Errorf("ask as Postfix does: %w", err)
	}
	b := make([]byte, bufferSize)
	n, err := conn.Read(b)
	if err != nil {
		return fmt.Errorf("wait for an answer: %w", err)
	}
	if want := string(p.answer("")); string(b[:n]) != want {
		return fmt.Errorf("the answer is %q, not %q", b[:n], strings.TrimSpace(want))
	}
	return nil
}
