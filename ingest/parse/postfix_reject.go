package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// smtpdReject parses what follows "reject: " or "milter-reject: ", which is
// "<STAGE> from <client>: <code> [<d.s.n> ][<what>: ]<text>; from=<…> …"
// (Postfix smtpd_check.c log_whatsup). Only the client's own doing is abuse:
// not what is put off for later, nor what a known user may do by mistake.
func smtpdReject(b []byte, ev *policy.Event) bool {
	_, b, ok := bytes.Cut(b, []byte(" from "))
	if !ok {
		return false
	}
	a, b, ok := client(b)
	if !ok {
		return false
	}
	if b, ok = bytes.CutPrefix(b, []byte(": ")); !ok || loggedIn(b) {
		return false
	}
	shape := rejection(b)
	return shape != nil && abuse(ev, a, shape)
}

// loggedIn tells the line of a client that was authenticated: its name stands
// at the end, behind the bracket that closes the name from HELO. That name and
// the addresses may imitate it, but then their own bracket or the protocol
// follows.
func loggedIn(b []byte) bool {
	if bytes.HasSuffix(b, []byte(">")) {
		return false
	}
	i := bytes.LastIndex(b, []byte("> sasl_"))
	return i >= 0 && !bytes.Contains(b[i:], []byte(" proto="))
}

// rejection returns the shape of a reply, nil where it is no abuse.
func rejection(b []byte) []byte {
	code, rest, ok := number(b)
	if !ok || len(rest) < 2 || rest[0] != ' ' {
		return nil
	}
	text, lasting := statusCode(rest[1:], code)
	text = withoutSubject(text)
	for _, known := range rejections {
		if bytes.HasPrefix(text, known.text) {
			return known.shape
		}
	}
	if lasting {
		return shapeRejected
	}
	return nil
}

// statusCode drops the enhanced status code and tells whether the reply stands
// for good and is about what the client did: an address (5.1), the protocol
// (5.5) or our policy (5.7, RFC 3463). A full mailbox or a mail too large is
// none of these. Postfix 2.2 and before wrote no such code.
func statusCode(b []byte, code int) (text []byte, lasting bool) {
	lasting = code >= 500 && code < 600
	n := digits(b)
	if n != 1 || len(b) < len("5.7.1 ") || b[1] != '.' {
		return b, lasting
	}
	subject, rest, ok := number(b[2:])
	if !ok || len(rest) < 2 || rest[0] != '.' {
		return b, lasting
	}
	rest = rest[1:]
	text = bytes.TrimPrefix(rest[digits(rest):], []byte(" "))
	return text, lasting && (subject == 1 || subject == 5 || subject == 7)
}

// withoutSubject drops what the text is about, "<al@example.com>: ". An
// address may imitate its end, which changes no more than the shape.
func withoutSubject(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte(": ")) // VRFY without an address
	if len(b) > 0 && b[0] == '<' {
		if _, text, ok := bytes.Cut(b, []byte(">: ")); ok {
			return text
		}
	}
	return b
}

// rejections are Postfix's own texts, which mean the same whether the code
// says for good or for now (unknown_local_recipient_reject_code and its like,
// soft_bounce, defer_unauth_destination). Other texts may be greylisting.
var rejections = []struct{ text, shape []byte }{
	{[]byte("Relay access denied"), shapeRelay},
	{[]byte("Recipient address rejected: User unknown in "), shapeUnknown},
	{[]byte("Sender address rejected: Domain not found"), shapeSender},
	{[]byte("Sender address rejected: Malformed DNS server reply"), shapeSender},
	{[]byte("Helo command rejected: Host not found"), shapeHelo},
	{[]byte("Helo command rejected: Malformed DNS server reply"), shapeHelo},
	{[]byte("Helo command rejected: Invalid name"), shapeHelo},
	{[]byte("Helo command rejected: need fully-qualified hostname"), shapeHelo},
	{[]byte("Client host rejected: cannot find your "), shapeHostname},
	{[]byte("Service unavailable; Client host ["), shapeListed},
	{[]byte("Service unavailable; client ["), shapeListed},
}
