package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func cyrusFailure(user, mech, reason string) policy.Event {
	ev := loginEvent(policy.AuthFail, user, mech)
	ev.Detail = []byte(reason)
	return ev
}

func TestCyrus(t *testing.T) {
	down := cyrusFailure("al", "plaintext", "SASL(-1): generic failure: checkpass failed")
	down.Kind, down.Failures, down.Excused, down.Unproven = policy.BackendFault, 0, 1, true
	away := cyrusFailure("al", "plaintext", "SASL(-24): remote authentication server unavailable: x")
	away.Kind, away.Failures, away.Excused = policy.BackendFault, 0, 1
	timsieved := cyrusFailure("", "PLAIN", "generic failure")
	timsieved.Kind, timsieved.Failures, timsieved.Excused, timsieved.Unproven = policy.BackendFault, 0, 1, true
	const wrong = "SASL(-13): authentication failure: checkpass failed"
	for _, tag := range []string{"imap[7]: ", "imaps[7]: ", "pop3[7]: ", "pop3s[7]: ", "sieve[7]: ", "timsieved[7]: ", "cyrus/imaps[7]: ", "imapd[7]: "} {
		checkShapes(t, bsdHead+tag, policy.Cyrus, []shape{
			{"badlogin: mail.example [192.0.2.1] plaintext al " + wrong, cyrusFailure("al", "plaintext", wrong)},
			{"badlogin: [192.0.2.1] plaintext al " + wrong, cyrusFailure("al", "plaintext", wrong)},
			{"badlogin: mail.example [192.0.2.1] plaintext al invalid user", cyrusFailure("al", "plaintext", "invalid user")},
			{"badlogin: mail.example [192.0.2.1] plaintext (al) invalid user", cyrusFailure("al", "plaintext", "invalid user")},
			{"badlogin: [192.0.2.1] plaintext SASL(-24) invalid user", cyrusFailure("SASL(-24)", "plaintext", "invalid user")},
			{"badlogin: [192.0.2.1] plaintext al SASL(-24): remote authentication server unavailable: x", away},
			{"badlogin: mail.example [192.0.2.1] plaintext (al) [" + wrong + "]", cyrusFailure("al", "plaintext", wrong)},
			{"badlogin: mail.example [192.0.2.1] APOP (al) " + wrong, cyrusFailure("al", "APOP", wrong)},
			{"badlogin: [192.0.2.1] plaintext (x [198.51.100.7]) [SASL(-1): y) [" + wrong + "]", cyrusFailure("x [198.51.100.7]", "plaintext", "SASL(-1): y) ["+wrong)},
			{"badlogin: mail.example [192.0.2.1] DIGEST-MD5 [" + wrong + "]", cyrusFailure("", "DIGEST-MD5", wrong)},
			{"badlogin: mail.example [192.0.2.1] CRAM-MD5 (al@example.com) [" + wrong + "]", cyrusFailure("al@example.com", "CRAM-MD5", wrong)},
			{"badlogin: mail.example[192.0.2.1] PLAIN authentication failure", cyrusFailure("", "PLAIN", "authentication failure")},
			{"badlogin: mail.example [192.0.2.1] anonymous login refused", cyrusFailure("", "anonymous", "login refused")},
			{"badlogin: [192.0.2.1] plaintext al SASL(-1): generic failure: checkpass failed", down},
			{"badlogin: mail.example[192.0.2.1] PLAIN generic failure", timsieved},
			{"badlogin: [192.0.2.1] plaintext x SASL(-1): y " + wrong, cyrusFailure("x", "plaintext", "SASL(-1): y "+wrong)},
			{"login: mail.example [192.0.2.1] al plaintext User logged in", loginEvent(policy.AuthOK, "al", "plaintext")},
			{"login: mail.example [192.0.2.1] al APOP User logged in SESSIONID=<cyrus-1>", loginEvent(policy.AuthOK, "al", "APOP")},
			{"login: [192.0.2.1] al PLAIN+TLS User logged in SESSIONID=<cyrus-1>", loginEvent(policy.AuthOK, "al", "PLAIN+TLS")},
			{"login: mail.example[192.0.2.1] al PLAIN User logged in", loginEvent(policy.AuthOK, "al", "PLAIN")},
		})
	}
}

func TestCyrusLinesThatAreNoEvent(t *testing.T) {
	checkNoEvents(t, "cyrus/imap[7]: ", []string{
		"STARTTLS negotiation failed: mail.example [192.0.2.1]",
		"accepted connection",
		"badlogin: mail example [192.0.2.1] plaintext al invalid user",
		"badlogin: mail.example [192.0.2.1 plaintext al invalid user",
		"badlogin: mail.example [unknown] plaintext al invalid user",
		"badlogin: mail.example",
		"login: [192.0.2.1] anonymous x PLAIN User logged in",
		"login: [192.0.2.1] al PLAIN User logged in elsewhere",
		"login: [192.0.2.1] al User logged in",
		"login: mail.example al PLAIN User logged in",
	})
}
