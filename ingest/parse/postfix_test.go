package parse

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/policy"
)

// shape is a line and what it says. The session and the service are compared
// where a test is about them.
type shape struct {
	line string
	want policy.Event
}

// compareAddr lets cmp look at addresses as values.
var compareAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func checkShapes(t *testing.T, head string, service policy.Service, shapes []shape) {
	t.Helper()
	for _, c := range shapes {
		var ev policy.Event
		if !Line([]byte(head+c.line), &ev) {
			t.Errorf("%s\nis no event", c.line)
			continue
		}
		c.want.Service = service
		if diff := cmp.Diff(c.want, ev, compareAddr, cmpopts.IgnoreFields(policy.Event{}, "Session", "Protocol")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.line, diff)
		}
	}
}

var (
	client1 = netip.MustParseAddr("192.0.2.1")
	client6 = netip.MustParseAddr("2001:db8::1")
)

func mtaFailure(user, mech, reason string) policy.Event {
	ev := policy.Event{
		Addr: client1, Kind: policy.AuthFail, Witness: policy.WitnessMTA, Failures: 1, Mechanism: []byte(mech), Detail: []byte(reason),
	}
	if user != "" {
		ev.User = []byte(user)
	}
	return ev
}

func fault(user, reason string) policy.Event {
	ev := mtaFailure(user, "PLAIN", reason)
	ev.Kind, ev.Failures, ev.Excused = policy.BackendFault, 0, 1
	return ev
}

func TestPostfixFailures(t *testing.T) {
	six := mtaFailure("a", "LOGIN", "x")
	six.Addr = client6
	thrice := mtaFailure("a", "LOGIN", "x")
	thrice.Failures = 3
	checkShapes(t, bsdHead+"postfix/submission/smtpd[7]: ", policy.Postfix, []shape{
		{"warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=a, b c", mtaFailure("a, b c", "LOGIN", "(reason unavailable)")},
		{"warning: mail.example.com[192.0.2.1]:4812: SASL login authentication failed: UGFzc3dvcmQ6, sasl_username=a", mtaFailure("a", "login", "UGFzc3dvcmQ6")},
		{"warning: unknown[192.0.2.1]: SASL SCRAM-SHA-256 authentication failed: x", mtaFailure("", "SCRAM-SHA-256", "x")},
		{"warning: unknown[192.0.2.1]: SASL Plain authentication failed: ", mtaFailure("", "Plain", "")},
		{"warning: unknown[192.0.2.1]: SASL Plain authentication failed:", mtaFailure("", "Plain", "")},
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed", mtaFailure("", "PLAIN", "")},
		{"warning: unknown[::ffff:192.0.2.1]: SASL LOGIN authentication failed: x", mtaFailure("", "LOGIN", "x")},
		{"warning: h.example[2001:DB8::1]: SASL LOGIN authentication failed: x, sasl_username=a", six},
		{"message repeated 3 times: [ warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, sasl_username=a]", thrice},
		{
			"warning: unknown[192.0.2.1]: SASL a[198.51.100.7]: authentication failed: Invalid authentication mechanism, sasl_username=(unavailable)",
			mtaFailure("", "a[198.51.100.7]:", "Invalid authentication mechanism"),
		},
		{
			"warning: unknown[192.0.2.1]: SASL X authentication failed: Invalid authentication mechanism: 'X, sasl_username=bob', sasl_username=(unavailable)",
			mtaFailure("", "X", "Invalid authentication mechanism: 'X"),
		},
		{
			"warning: unknown[192.0.2.1]: SASL x authentication aborted authentication failed: Invalid authentication mechanism",
			mtaFailure("", "x authentication aborted", "Invalid authentication mechanism"),
		},
	})
}

func TestFaultsOfOurOwnAreNoFailures(t *testing.T) {
	checkShapes(t, isoHead+"postfix-out/smtpd[7]: ", policy.Postfix, []shape{
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Connection lost to authentication server, sasl_username=a", unproven(fault("a", "Connection lost to authentication server"))},
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Can't connect to authentication server", fault("", "Can't connect to authentication server")},
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Authentication backend error", fault("", "Authentication backend error")},
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: generic failure", unproven(fault("", "generic failure"))},
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: remote authentication server unavailable", fault("", "remote authentication server unavailable")},
		// Dovecot could not read the login, or nobody has such a name.
		{"warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=(unavailable)", mtaFailure("", "PLAIN", "(reason unavailable)")},
		// What follows is the client's own text.
		{"warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, sasl_username=generic failure", mtaFailure("generic failure", "LOGIN", "x")},
		{
			"warning: unknown[192.0.2.1]: SASL x y authentication failed: generic failure, sasl_username=z authentication failed: Invalid authentication mechanism",
			mtaFailure("z authentication failed: Invalid authentication mechanism", "x y", "generic failure"),
		},
	})
}

func TestPostfixSessions(t *testing.T) {
	session := func(bad, good int) policy.Event {
		return policy.Event{Addr: client1, Kind: policy.Session, Witness: policy.WitnessMTA, Failures: bad, Successes: good}
	}
	success := func(user, mech string) policy.Event {
		return policy.Event{Addr: client1, Kind: policy.AuthOK, Witness: policy.WitnessMTA, User: []byte(user), Mechanism: []byte(mech)}
	}
	checkShapes(t, isoHead+"postfix/127.0.0.1:10025/smtpd[7]: ", policy.Postfix, []shape{
		{"disconnect from unknown[192.0.2.1] ehlo=1 auth=0/2 quit=1 commands=2/4", session(2, 0)},
		{"disconnect from unknown[192.0.2.1]:99 ehlo=2 starttls=1 auth=1 mail=1 commands=5", session(0, 1)},
		{"NOQUEUE: disconnect from unknown[192.0.2.1] ehlo=1 auth=1/3", session(2, 1)},
		{"4D2Bzv3Xk1z5P: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al", success("al", "PLAIN")},
		{"4F2A: client=h.example[192.0.2.1], sasl_method=LOGIN, sasl_username=a, sasl_sender=b, sasl_sender=c@example.com", success("a, sasl_sender=b", "LOGIN")},
	})
}

func TestPostfixAbuse(t *testing.T) {
	aborted := misuse("aborted")
	aborted.Excused, aborted.Mechanism = 1, []byte("LOGIN")
	checkShapes(t, bsdHead+"postfix/smtpd[7]: ", policy.Postfix, []shape{
		{"warning: unknown[192.0.2.1]: SASL LOGIN authentication aborted", aborted},
		{"warning: non-SMTP command from unknown[192.0.2.1]: GET / HTTP/1.1", misuse("non-SMTP command")},
		{"warning: AUTH command rate limit exceeded: 7 from unknown[192.0.2.1] for service submission", misuse("AUTH command rate limit exceeded")},
		{"too many errors after AUTH from unknown[192.0.2.1]", misuse("too many errors")},
		{"NOQUEUE: too many errors after DATA (0 bytes) from unknown[192.0.2.1]", misuse("too many errors")},
		{"improper command pipelining after EHLO from unknown[192.0.2.1]: QUIT from x[198.51.100.7]", misuse("improper command pipelining")},
		{"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b.example>: Relay access denied; from=<c> to=<a@b.example> proto=ESMTP helo=<x>", misuse("relay access denied")},
	})
}

func TestSessionNamesTheConnection(t *testing.T) {
	session := func(tag, pid string) uint64 {
		t.Helper()
		var ev policy.Event
		if !Message([]byte(tag), []byte(pid), []byte("disconnect from unknown[192.0.2.1] auth=0/1"), &ev) {
			t.Fatal("no event")
		}
		return ev.Session
	}
	first := session("postfix/smtpd", "1205")
	if again := session("postfix/smtpd", "1205"); again != first || first == 0 {
		t.Errorf("the same process: %d and %d", first, again)
	}
	for _, other := range [][2]string{{"postfix/smtpd", "1206"}, {"postfix/submission/smtpd", "1205"}, {"postfix/smtpd", ""}} {
		if session(other[0], other[1]) == first {
			t.Errorf("%v is taken for the same connection", other)
		}
	}
}
