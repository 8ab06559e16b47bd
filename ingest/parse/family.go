package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// family hands a message to the parser of the program that wrote it. Several
// servers share a tag; there the message's own beginning decides.
func family(tag, pid, msg []byte, ev *policy.Event) bool {
	if isSMTPD(tag) {
		return smtpd(tag, pid, msg, ev)
	}
	// Postfix leaves PAM to others, and most of its daemons to no parser here.
	if isPAM(tag, msg) && !bytes.HasPrefix(tag, []byte("postfix/")) {
		return pam(tag, msg, ev)
	}
	switch string(tag) {
	case "dovecot", "imap-login", "pop3-login", "managesieve-login", "submission-login", "auth", "auth-worker", "dovecot-auth":
		return dovecot(tag, msg, ev)
	case "exim", "exim4":
		return exim(pid, msg, ev)
	case "sendmail", "sm-mta", "sm-acceptingconnections", "sm-msp-queue":
		return sendmail(pid, msg, ev)
	case "smtpd":
		return opensmtpd(msg, ev)
	case "saslauthd":
		return saslauthd(msg, ev)
	case "imaplogin", "imaplogin-ssl", "pop3login", "pop3login-ssl":
		return courierIMAP(msg, ev) && speaks(tag, ev)
	case "imapd", "imapd-ssl", "pop3d", "pop3d-ssl", "imap", "imaps", "pop3", "pop3s", "sieve", "timsieved", "ipop3d":
		return (courierIMAP(msg, ev) || cyrus(msg, ev) || uwimap(msg, ev)) && speaks(tag, ev)
	}
	switch {
	case isPostscreen(tag):
		return postscreen(msg, ev)
	case bytes.HasPrefix(tag, []byte("courier")):
		return courier(tag, msg, ev)
	case bytes.HasPrefix(tag, []byte("cyrus/")):
		return cyrus(msg, ev) && speaks(plainName(tag), ev)
	case isQmail(tag):
		return qmail(tag, msg, ev)
	}
	return false
}

// unread says that a line of that service speaks of a login but does not tell
// the client in a way that can be read. It is false, for no event was made.
func unread(ev *policy.Event, of policy.Service) bool {
	ev.Service = of
	return false
}
