package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// logins returns the event of a login process, failed or not.
func loginEvent(kind policy.Kind, user, mech string) policy.Event {
	ev := policy.Event{Addr: client1, Kind: kind, Witness: policy.WitnessLogin}
	if kind == policy.AuthFail {
		ev.Failures = 1
	}
	if user != "" {
		ev.User = []byte(user)
	}
	if mech != "" {
		ev.Mechanism = []byte(mech)
	}
	return ev
}

func TestCourierLogins(t *testing.T) {
	for _, tag := range []string{"imapd: ", "imapd-ssl[7]: ", "pop3d: ", "pop3d-ssl: ", "courierpop3login: ", "imaplogin: ", "pop3login-ssl: ", "courier-imapd[7]: "} {
		checkShapes(t, isoHead+tag, policy.Courier, []shape{
			{"LOGIN FAILED, user=al, ip=[::ffff:192.0.2.1]", loginEvent(policy.AuthFail, "al", "")},
			{"LOGIN FAILED, user=al, ip=[192.0.2.1], port=[4711]", loginEvent(policy.AuthFail, "al", "")},
			{"LOGIN FAILED, user=al, ip=[192.0.2.1], port=[N/A]", loginEvent(policy.AuthFail, "al", "")},
			{"LOGIN FAILED, ip=[::ffff:192.0.2.1]", loginEvent(policy.AuthFail, "", "")},
			{"LOGIN FAILED, ip=[192.0.2.1], port=[4711]", loginEvent(policy.AuthFail, "", "")},
			{"LOGIN FAILED, method=CRAM-MD5, ip=[::ffff:192.0.2.1]", loginEvent(policy.AuthFail, "", "CRAM-MD5")},
			{"LOGIN FAILED, user=x, ip=[198.51.100.7], port=[1], ip=[192.0.2.1]", loginEvent(policy.AuthFail, "x, ip=[198.51.100.7], port=[1]", "")},
			{"LOGIN, user=al, ip=[::ffff:192.0.2.1], protocol=IMAP", loginEvent(policy.AuthOK, "al", "")},
			{"LOGIN, user=al, ip=[::ffff:192.0.2.1], port=[4711], protocol=POP3, stls=1", loginEvent(policy.AuthOK, "al", "")},
		})
	}
}

func TestCourierSMTP(t *testing.T) {
	failure := func(user, mech string) policy.Event {
		ev := loginEvent(policy.AuthFail, user, mech)
		ev.Witness = policy.WitnessMTA
		return ev
	}
	for _, tag := range []string{"courieresmtpd: ", "courieresmtpd[7]: ", "courieresmtpd-ssl: "} {
		checkShapes(t, isoHead+tag, policy.Courier, []shape{
			{`error,relay=::ffff:192.0.2.1,msg="535 Authentication failed.",cmd: AUTH LOGIN al@example.com`, failure("al@example.com", "LOGIN")},
			{`error,relay=192.0.2.1,port=4711,msg="535 Authentication failed.",cmd: AUTH PLAIN AGFsAHNlY3JldA== al`, failure("al", "PLAIN")},
			{`error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH PLAIN AGFsAHNlY3JldA==`, failure("", "PLAIN")},
			{`error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH CRAM-MD5`, failure("", "CRAM-MD5")},
			{`error,relay=192.0.2.1,ident=x,relay=198.51.100.7,msg="535 Authentication failed.",cmd: AUTH LOGIN al.b`, failure("al.b", "LOGIN")},
			{`error,relay=192.0.2.1,port=4711,ident="x",msg="535 Authentication failed.",cmd: AUTH LOGIN al.b`, failure("al.b", "LOGIN")},
			{`error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: x`, failure("", "")},
			{"error,relay=192.0.2.1,port=4711,from=<a@b.example>,to=<c@d.example>: 513 Relaying denied.", policy.Event{Addr: client1, Kind: policy.Abuse, Detail: shapeRelay}},
			{"error,relay=::ffff:192.0.2.1,port=4711,from=<>,to=<x@b.example>: 550 User <x> unknown", policy.Event{Addr: client1, Kind: policy.Abuse, Detail: shapeUnknown}},
			{"error,relay=::ffff:192.0.2.1,from=<>,to=<x@b.example>: 550 User unknown.", policy.Event{Addr: client1, Kind: policy.Abuse, Detail: shapeUnknown}},
		})
	}
}

func TestCourierLinesThatAreNoEvent(t *testing.T) {
	checkNoEvents(t, "courieresmtpd: ", []string{
		"started,ip=[::ffff:192.0.2.1]",
		`error,relay=192.0.2.1,msg="535 Authentication rejected",cmd: AUTH LOGIN`,
		`error,relay=192.0.2.1,msg="535 Authentication required.",cmd: MAIL FROM:<a@b.example>`,
		`error,relay=192.0.2.1,msg="502 ESMTP command error",cmd: x,msg="535 Authentication failed.",cmd: AUTH LOGIN al`,
		`error,relay=192.0.2.1,from=<x,msg="535 Authentication failed.",cmd: AUTH LOGIN al>,to=<>: 511 no`,
		"error,relay=192.0.2.1,from=<>,to=<x@b.example>: 517 unknown",
		`error,relay=192.0.2.1x,msg="535 Authentication failed.",cmd: AUTH LOGIN al`,
		`error,relay=unknown,msg="535 Authentication failed.",cmd: AUTH LOGIN al`,
	})
	checkNoEvents(t, "courieresmtp: ", []string{
		`error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH LOGIN al`,
	})
	checkNoEvents(t, "imapd: ", []string{
		"Connection, ip=[::ffff:192.0.2.1]",
		"LOGOUT, user=al, ip=[192.0.2.1], headers=0, body=0",
		"LOGIN FAILED, user=al",
		"LOGIN FAILED, user=al, ip=[]",
		"LOGIN FAILED, ip=[192.0.2.1], ip=[198.51.100.7] x",
		"LOGIN FAILED, ip=[x]",
		"LOGIN, ip=[192.0.2.1]",
		"LOGIN FAILED, user=al, ip=[192.0.2.1], port=[4711] x",
		"LOGIN FAILED, user=al, ip=[192.0.2.1], port",
		"LOGIN, method=PLAIN, ip=[192.0.2.1]",
		"DISCONNECTED, user=x, ip=[192.0.2.1], headers=0",
	})
}
