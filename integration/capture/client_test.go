package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// play lets a client take steps against a server that says its lines, one for
// each that it gets after the first, and returns what the client said.
func play(t *testing.T, p *protocol, server []string, steps ...step) (string, error) {
	t.Helper()
	near, far := net.Pipe()
	said := make(chan string)
	go func() {
		var heard strings.Builder
		r := bufio.NewReader(far)
		for _, line := range server {
			if _, err := io.WriteString(far, line); err != nil {
				break
			}
			line, err := r.ReadString('\n')
			heard.WriteString(line)
			if err != nil {
				break
			}
		}
		_ = far.Close() // in memory: it cannot fail
		said <- heard.String()
	}()
	c := &client{proto: p, conn: near, r: bufio.NewReader(near)}
	var err error
	for _, s := range steps {
		if err = s(c); err != nil {
			break
		}
	}
	_ = near.Close() // in memory: it cannot fail
	return <-said, err
}

func TestAClientSaysWhatItsStepsSay(t *testing.T) {
	for _, c := range []struct {
		name   string
		proto  *protocol
		server []string
		steps  []step
		want   string
	}{
		{
			"SMTP, PLAIN", &smtp,
			[]string{"220-a\r\n220 b\r\n", "250-x\r\n250 y\r\n", "535 no\r\n"},
			[]step{greet, say("EHLO c"), plain("alice", "guess")},
			"EHLO c\r\nAUTH PLAIN AGFsaWNlAGd1ZXNz\r\n",
		},
		{
			"SMTP, LOGIN", &smtp,
			[]string{"220 a\r\n", "334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "535 no\r\n"},
			[]step{greet, login("login", "alice", "guess")},
			"AUTH login\r\nYWxpY2U=\r\nZ3Vlc3M=\r\n",
		},
		{
			"SMTP, LOGIN not offered", &smtp,
			[]string{"220 a\r\n", "503 no\r\n", "221 bye\r\n"},
			[]step{greet, login("LOGIN", "alice", "guess"), say("QUIT")},
			"AUTH LOGIN\r\nQUIT\r\n",
		},
		{
			// The example of RFC 2195.
			"IMAP, CRAM-MD5", &imap,
			[]string{
				"* OK a\r\n",
				"+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n",
				"* CAPABILITY x\r\na OK b\r\n",
			},
			[]step{greet, cram("tim", "tanstaaftanstaaf")},
			"a AUTHENTICATE CRAM-MD5\r\ndGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n",
		},
		{
			"POP3, aborted", &pop3,
			[]string{"+OK a\r\n", "+ \r\n", "-ERR b\r\n"},
			[]step{greet, responding("PLAIN", "*")},
			"AUTH PLAIN\r\n*\r\n",
		},
		{
			"ManageSieve, PLAIN", &managesieve,
			[]string{"\"SIEVE\" \"x\"\r\nOK\r\n", "NO \"no\"\r\n"},
			[]step{greet, plain("alice", "guess")},
			"AUTHENTICATE \"PLAIN\" \"AGFsaWNlAGd1ZXNz\"\r\n",
		},
		{
			"STARTTLS refused", &smtp,
			[]string{"220 a\r\n", "454 no\r\n", "221 bye\r\n"},
			[]step{greet, startTLS("STARTTLS"), say("QUIT")},
			"STARTTLS\r\nQUIT\r\n",
		},
	} {
		got, err := play(t, c.proto, append(c.server, ""), c.steps...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAServerThatHangsUpEndsTheTalk(t *testing.T) {
	_, err := play(t, &smtp, []string{"220 a\r\n"}, greet, say("EHLO c"), say("QUIT"))
	if !errors.Is(err, errGone) {
		t.Errorf("error %v, want %v", err, errGone)
	}
}
