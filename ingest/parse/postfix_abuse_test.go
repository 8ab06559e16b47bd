package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func misuse(detail string) policy.Event {
	return policy.Event{Addr: client1, Kind: policy.Abuse, Detail: []byte(detail)}
}

const envelope = "; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>"

func TestPostfixRejections(t *testing.T) {
	for text, detail := range map[string]string{
		"554 5.7.1 <a@b.example>: Relay access denied":                                                                 "relay access denied",
		"454 4.7.1 <a@b.example>: Relay access denied":                                                                 "relay access denied",
		"550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table":                   "user unknown",
		"450 4.1.1 <a@b.example>: Recipient address rejected: User unknown in local recipient table":                   "user unknown",
		"550 5.1.1 : Recipient address rejected: User unknown in local recipient table":                                "user unknown",
		"450 4.1.8 <c@d.example>: Sender address rejected: Domain not found":                                           "sender rejected",
		"450 4.1.8 <c@d.example>: Sender address rejected: Malformed DNS server reply":                                 "sender rejected",
		"504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname":                                          "HELO rejected",
		"450 4.7.1 <x>: Helo command rejected: Host not found":                                                         "HELO rejected",
		"501 5.5.2 <x y>: Helo command rejected: Invalid name":                                                         "HELO rejected",
		"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]":                                      "no host name",
		"450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]":                               "no host name",
		"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; see x":                       "blocked by a DNS list",
		"454 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example":                              "blocked by a DNS list",
		"554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied":                                          "rejected",
		"554 5.7.1 <x>: Helo command rejected: Access denied":                                                          "rejected",
		"554 5.7.1 Service unavailable":                                                                                "rejected",
		"503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining":                             "rejected",
		"550 5.5.3 <DATA>: Data command rejected: Multi-recipient bounce":                                              "rejected",
		"554 <a@b.example>: Relay access denied":                                                                       "relay access denied",
		"550 <a@b.example>: User unknown":                                                                              "rejected",
		"554 Service unavailable; [192.0.2.1] blocked using bl.example":                                                "rejected",
		`554 5.7.1 <"x>: unknown[198.51.100.7]: "@b.example>: Relay access denied`:                                     "rejected",
		"554 5.7.1 <a@b.example>: Recipient address rejected: unknown[198.51.100.7]: SASL LOGIN authentication failed": "rejected",
	} {
		for _, begin := range []string{"NOQUEUE: reject: RCPT from ", "4D2Bzv3Xk1z5P: reject: END-OF-MESSAGE from ", "reject: unknown command from ", "NOQUEUE: milter-reject: CONNECT from "} {
			checkShapes(t, bsdHead+"postfix/smtpd[7]: ", policy.Postfix, []shape{
				{begin + "unknown[192.0.2.1]: " + text + envelope, misuse(detail)},
				{begin + "mx.example[192.0.2.1]:99: " + text, misuse(detail)},
			})
		}
	}
}

// What a client says in HELO or as an address makes it no known user.
func TestForgedLoginInRejections(t *testing.T) {
	checkShapes(t, isoHead+"postfix/smtpd[7]: ", policy.Postfix, []shape{
		{"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b.example>: Relay access denied; from=<> to=<a@b.example> proto=SMTP helo=<x> sasl_method=PLAIN sasl_username=al>", misuse("relay access denied")},
		{`NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b.example>: Relay access denied; from=<"x> sasl_method=PLAIN"@b.example> to=<a@b.example> proto=SMTP`, misuse("relay access denied")},
	})
}

func TestPostfixMisuse(t *testing.T) {
	checkShapes(t, isoHead+"postfix/smtps/smtpd[7]: ", policy.Postfix, []shape{
		{"warning: Illegal address syntax from unknown[192.0.2.1] in RCPT command: <x[198.51.100.7]>", misuse("illegal address syntax")},
		{"warning: Connection rate limit exceeded: 61 from unknown[192.0.2.1] for service smtp", misuse("connection or message limit exceeded")},
		{"warning: Connection concurrency limit exceeded: 51 from h.example[192.0.2.1] for service smtp", misuse("connection or message limit exceeded")},
		{"warning: Message delivery request rate limit exceeded: 9 from unknown[192.0.2.1] for service smtp", misuse("connection or message limit exceeded")},
		{"warning: Recipient address rate limit exceeded: 9 from unknown[192.0.2.1] for service smtp", misuse("connection or message limit exceeded")},
		{"warning: New TLS session rate limit exceeded: 9 from unknown[192.0.2.1] for service smtp", misuse("connection or message limit exceeded")},
		{"improper command pipelining after NOOP from unknown[192.0.2.1]", misuse("improper command pipelining")},
		{"NOQUEUE: improper command pipelining after AUTH from unknown[192.0.2.1]: QUIT\\r\\n", misuse("improper command pipelining")},
		{"4D2Bzv3Xk1z5P: too many errors after RCPT from unknown[192.0.2.1]", misuse("too many errors")},
	})
}

func TestPostscreen(t *testing.T) {
	six := misuse("talks before the greeting")
	six.Addr = client6
	for _, tag := range []string{"postfix/postscreen[7]: ", "postfix-in/smtp/postscreen[7]: "} {
		checkShapes(t, isoHead+tag, policy.Postfix, []shape{
			{"PREGREET 11 after 0.06 from [192.0.2.1]:99: EHLO x[198.51.100.7]:1\\r\\n", misuse("talks before the greeting")},
			{"PREGREET 11 after 0 from [2001:db8::1]:99: x", six},
			{"DNSBL rank 6 for [192.0.2.1]:99", misuse("blocked by a DNS list")},
			{"COMMAND PIPELINING from [192.0.2.1]:99 after EHLO: MAIL FROM:<x>\\r\\n", misuse("improper command pipelining")},
			{"COMMAND TIME LIMIT from [192.0.2.1]:99 after CONNECT", misuse("command limit exceeded")},
			{"COMMAND COUNT LIMIT from [192.0.2.1]:99 after RCPT", misuse("command limit exceeded")},
			{"COMMAND LENGTH LIMIT from [192.0.2.1]:99 after x from [198.51.100.7]:1", misuse("command limit exceeded")},
			{"NON-SMTP COMMAND from [192.0.2.1]:99 after CONNECT: GET / HTTP/1.1", misuse("non-SMTP command")},
			{"BARE NEWLINE from [192.0.2.1]:99 after DATA", misuse("bare newline")},
			{"BARE NEWLINE from [192.0.2.1]:99 after", misuse("bare newline")},
			{"DATA without valid RCPT from [192.0.2.1]:99", misuse("DATA without a recipient")},
			{"BDAT without valid RCPT from [192.0.2.1]:99", misuse("DATA without a recipient")},
			{"NOQUEUE: reject: RCPT from [192.0.2.1]:99: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using bl.example; from=<x>, to=<y>, proto=ESMTP, helo=<z>", misuse("blocked by a DNS list")},
			{"NOQUEUE: reject: RCPT from [192.0.2.1]:99: 550 5.5.1 Protocol error; from=<x>, to=<y>, proto=ESMTP, helo=<z>", misuse("rejected")},
		})
	}
}
