package loggen

import (
	"bytes"
	"math"
	"testing"
)

func TestWrite(t *testing.T) {
	const lines = 20_000
	var a, b bytes.Buffer
	for _, buf := range []*bytes.Buffer{&a, &b} {
		if err := Write(buf, Standard(lines, 0.02)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same Config gave two logs")
	}
	if n := bytes.Count(a.Bytes(), []byte("\n")); n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
	failures := bytes.Count(a.Bytes(), []byte("authentication failed"))
	if share := float64(failures) / lines; math.Abs(share-0.02) > 0.005 {
		t.Errorf("a share of %v of the lines are failures, want 0.02", share)
	}
	if mean := a.Len() / lines; mean < 100 || mean > 160 {
		t.Errorf("a line has %d bytes on average, want that of real logs, some 128", mean)
	}
}

// A mixed log has people whose logins work, faults of our own, and the lines of
// several servers.
func TestMixed(t *testing.T) {
	c := Standard(40_000, 0.2)
	c.Mixed = true
	var a, b bytes.Buffer
	for _, buf := range []*bytes.Buffer{&a, &b} {
		if err := Write(buf, c); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same Config gave two logs")
	}
	for _, text := range []string{
		"sasl_method=PLAIN", "imap-login: Login: ", "pop3-login: Disconnected (auth failed", "Connection lost to authentication server",
		"sasl_username=admin", "sasl_username=boss@", "unknown[198.18.", "unknown[198.19.", "PREGREET", " auth=1/3 ",
	} {
		if n := bytes.Count(a.Bytes(), []byte(text)); n < 20 {
			t.Errorf("%q is there %d times only", text, n)
		}
	}
}
