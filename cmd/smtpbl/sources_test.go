package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// send sends N syslog messages about failed logins of one address:
// send NETWORK SOCKET ADDR N. On a stream each ends with a line feed.
func send(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: send unixgram|udp|tcp SOCKET ADDR N")
	}
	n, err := strconv.Atoi(args[3])
	ts.Check(err)
	// The socket at the other end is asked for its owner, so it stays open.
	conn, err := net.Dial(args[0], args[1])
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	for i := range n {
		_, err := fmt.Fprintf(conn, "<20>%s mx1 postfix/smtpd[77]: warning: unknown[%s]: SASL LOGIN authentication failed: x, sasl_username=u%d\n",
			time.Now().Format(time.Stamp), args[2], i)
		ts.Check(err)
	}
}

// ask sends a request of Dovecot's auth policy protocol and wants an answer
// that contains a text: ask KEY COMMAND ADDR PASSWORD WANT.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: ask KEY allow|report ADDR PASSWORD WANT")
	}
	body := fmt.Sprintf(`{"login":"alice","protocol":"imap","remote":%q,"tls":true,"pwhash":%q,"success":false,"policy_reject":false}`, args[2], args[3])
	req, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:9726/?command="+args[1], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("X-API-Key", strings.TrimSpace(args[0]))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if answer := fmt.Appendf(nil, "%d %s", resp.StatusCode, got); !bytes.Contains(answer, []byte(args[4])) {
		ts.Fatalf("answered %s, want %s", answer, args[4])
	}
}
