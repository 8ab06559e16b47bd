package parse

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

const failure = "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, sasl_username=a"

// The same message comes behind headers of every syslog there is.
func TestHeaders(t *testing.T) {
	for _, head := range []string{
		"Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"Nov  3 15:11:28 mx1 postfix/smtpd[7]: ",
		"Nov 3 15:11:28 mx1 postfix/smtpd[7]: ",
		"2026-11-23T15:22:23.517300+00:00 mx1 postfix/smtpd[7]: ",
		"2026-11-23T15:22:23.517300-05:00 mx1.example.com postfix/smtpd[7]: ",
		"2026-11-23T15:22:23.150Z mx1 postfix/smtpd[7]: ",
		"2026-11-23T15:22:23.150Z mailhub postfix/smtpd[7]: ", // a blank where rsyslog's own stamp ends
		"2026-11-23T15:22:23Z mx1 postfix/smtpd[7]: ",
		"2026-11-23T15:22:23+0200 mx1 postfix/smtpd[7]: ",
		"2026-11-23T15:22:23+02:00 e6b121196355 postfix/smtpd[7]: ",
		"Nov 23 15:11:28 mx1 postfix/smtpd: ",
		"Nov 23 15:11:28 2001:db8::25 postfix/smtpd[7]: ",
	} {
		var ev policy.Event
		if !Line([]byte(head+failure), &ev) || ev.Addr != client1 {
			t.Errorf("%q: got %+v", head, ev)
		}
	}
}

func TestPostfixTags(t *testing.T) {
	for tag, want := range map[string]bool{
		"postfix/smtpd":                    true,
		"postfix/submission/smtpd":         true,
		"postfix/submissions/smtpd":        true,
		"postfix/smtps/smtpd":              true,
		"postfix/smtp-25/smtpd":            true,
		"postfix/127.0.0.1:10025/smtpd":    true,
		"postfix-out/smtpd":                true,
		"postfix-smo/submission/smtpd":     true,
		"postfix/smtp":                     false,
		"postfix/cleanup":                  false,
		"postfix/submission/smtpd/cleanup": false,
		"postfixsmtpd":                     false,
		"smtpd":                            false,
		"/smtpd":                           false,
		"mypostfix/smtpd":                  false,
		"":                                 false,
	} {
		var ev policy.Event
		if got := Message([]byte(tag), []byte("7"), []byte(failure), &ev); got != want {
			t.Errorf("%s: got %v", tag, got)
		}
	}
}

// A structured source splits the line itself, and it must come to the same.
func TestMessageIsLine(t *testing.T) {
	var line, message policy.Event
	if !Line([]byte(isoHead+"postfix/smtpd[1205]: "+failure), &line) {
		t.Fatal("no event in the line")
	}
	if !Message([]byte("postfix/smtpd"), []byte("1205"), []byte(failure), &message) {
		t.Fatal("no event in the message")
	}
	if diff := cmp.Diff(line, message, compareAddr); diff != "" {
		t.Errorf("(-line +message):\n%s", diff)
	}
}

func TestMessageWithoutText(t *testing.T) {
	for _, msg := range []string{"", "\r", "m", "w", ":", "("} {
		for _, tag := range []string{"postfix/smtpd", "dovecot", "auth", "imap-login", ""} {
			var ev policy.Event
			if Message([]byte(tag), nil, []byte(msg), &ev) {
				t.Errorf("%q of %q is an event: %+v", msg, tag, ev)
			}
		}
	}
}

func TestRepeated(t *testing.T) {
	for msg, want := range map[string]int{
		"message repeated 3 times: [ " + failure + "]":     3,
		"message repeated 10000 times: [ " + failure + "]": 10000,
		"message repeated 0 times: [ " + failure + "]":     0,
		"message repeated 10001 times: [ " + failure + "]": 0,
		"message repeated -1 times: [ " + failure + "]":    0,
		"message repeated times: [ " + failure + "]":       0,
		"message repeated 3 times: [ " + failure:           0, // cut off
		"message repeated 3 times: []":                     0,
	} {
		var ev policy.Event
		ok := Message([]byte("postfix/smtpd"), nil, []byte(msg), &ev)
		if ok != (want > 0) || ok && ev.Failures != want {
			t.Errorf("%s: %v, %d failures", msg, ok, ev.Failures)
		}
	}
}
