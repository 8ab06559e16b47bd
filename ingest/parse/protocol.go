package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// Spoken tells what clients speak with a program, by the program's name or by
// the name under which it asks PAM or vpopmail; 0 where the name does not tell.
// The names are Dovecot's login processes and the services that its auth policy
// requests name, the daemons of Courier, Cyrus and the University of Washington,
// and the services of PAM and vchkpw.
func Spoken(name []byte) policy.Protocol {
	switch string(name) {
	case "imap-login", "imaplogin", "imaplogin-ssl", "imapd", "imapd-ssl", "imap", "imaps":
		return policy.IMAP
	case "pop3-login", "pop3login", "pop3login-ssl", "pop3d", "pop3d-ssl", "pop3", "pop3s", "ipop3d", "pop":
		return policy.POP3
	case "managesieve-login", "managesieve", "sieve", "timsieved":
		return policy.Sieve
	case "submission-login", "submission", "smtp", "smtps", "esmtp":
		return policy.SMTP
	}
	return 0
}

// speaks completes an event with what its program speaks. It is true, for the
// event was made.
func speaks(name []byte, ev *policy.Event) bool {
	ev.Protocol = Spoken(name)
	return true
}

// plainName drops what distributions write before a daemon's name: "cyrus/",
// "courier" and "courier-".
func plainName(tag []byte) []byte {
	if b, ok := bytes.CutPrefix(tag, []byte("cyrus/")); ok {
		return b
	}
	return bytes.TrimPrefix(bytes.TrimPrefix(tag, []byte("courier")), []byte("-"))
}
