package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// isPAM tells the message of a PAM module, whichever program it speaks for.
// Old versions wrote the module into the tag.
func isPAM(tag, msg []byte) bool {
	switch {
	case len(msg) == 0:
		return false
	case msg[0] == 'p':
		return bytes.HasPrefix(msg, []byte("pam_"))
	case msg[0] == '(':
		return bytes.HasPrefix(msg, []byte("(pam_"))
	}
	return len(tag) > 0 && tag[len(tag)-1] == ')'
}

// pam parses a PAM module's verdict on a password:
//
//	pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=<U> rhost=<ip>[  user=<U>]
//
// (Linux-PAM, pam_unix/support.c; pam_sss and pam_krb5 write the same, and
// pam_sss successes too). pam_unix sums up the further failures of one
// process as "2 more authentication failures". A program that does mail must
// have asked: a wrong password for sshd is no matter of the mail ports.
func pam(tag, msg []byte, ev *policy.Event) bool {
	module, service, b := pamHead(tag, msg)
	if !isMailService(service) {
		return false
	}
	*ev = policy.Event{Kind: policy.AuthFail, Failures: 1, Service: policy.PAM, Protocol: Spoken(service), Witness: pamWitness(module)}
	if n, more, ok := number(b); ok {
		ev.Failures, b = n, bytes.TrimPrefix(more, []byte(" more "))
	}
	text, fields, _ := bytes.Cut(b, []byte("; logname="))
	switch string(text) {
	case "authentication failure", "authentication failures":
	case "authentication success":
		ev.Kind, ev.Failures = policy.AuthOK, 0
	default:
		return unread(ev, 0)
	}
	var ok bool
	if ev.Addr, ev.User, ok = pamClient(fields); !ok {
		return unread(ev, policy.PAM)
	}
	return ev.Failures <= maxCount && (ev.Failures > 0 || ev.Kind == policy.AuthOK)
}

// pamHead separates the module, the service that it speaks for and the text.
// Where no service is told, the program that logs stands for it.
func pamHead(tag, msg []byte) (module, service, text []byte) {
	if old, ok := bytes.CutSuffix(tag, []byte(")")); ok && msg[0] != 'p' {
		service, module, _ = bytes.Cut(old, []byte("("))
		return module, service, msg
	}
	if b, ok := bytes.CutPrefix(msg, []byte("(")); ok {
		module, text, _ = bytes.Cut(b, []byte(") "))
		return module, tag, text
	}
	module, b, _ := bytes.Cut(msg, []byte("("))
	service, text, _ = bytes.Cut(b, []byte("): "))
	if string(service) == "auth" {
		return module, tag, text
	}
	service, ok := bytes.CutSuffix(service, []byte(":auth"))
	if !ok {
		return nil, nil, nil
	}
	return module, service, text
}

// pamWitness gives modules of one stack different bits, for each tells of the
// same attempt. Others than pam_unix count as password databases: a failure of
// one of several is no failure when the next accepts.
func pamWitness(module []byte) policy.Witness {
	if string(module) == "pam_unix" {
		return policy.WitnessPAM
	}
	return database(module)
}

// isMailService tells the names under which mail servers ask PAM or saslauthd,
// and the programs of old versions that tell no such name.
func isMailService(s []byte) bool {
	switch string(s) {
	case "smtp", "smtps", "submission", "esmtp", "imap", "imaps", "pop", "pop3", "pop3s", "sieve", "managesieve", "lmtp",
		"dovecot", "exim", "exim4", "courier", "cyrus", "mail", "postfix", "sendmail",
		"dovecot-auth", "saslauthd", "imapd", "pop3d", "ipop3d", "authdaemond":
		return true
	}
	return false
}

const rhost = " rhost="

// pamClient reads "… ruser=<U> rhost=<ip>[  user=<U>]". Both names are the
// client's, so a line in which "rhost=" can be read in two places is none.
func pamClient(b []byte) (a netip.Addr, user []byte, ok bool) {
	const ruser = " ruser="
	i := bytes.Index(b, []byte(ruser))
	if i < 0 {
		return a, nil, false
	}
	b = b[i+len(ruser):]
	at, found := 0, false
	for i := 0; ; i++ {
		n := bytes.Index(b[i:], []byte(rhost))
		if n < 0 {
			break
		}
		i += n
		if _, _, fits := pamHost(b[i:]); fits {
			if found {
				return a, nil, false
			}
			at, found = i, true
		}
	}
	if !found {
		return a, nil, false
	}
	host, user, _ := pamHost(b[at:])
	if len(user) == 0 {
		user = b[:at]
	}
	a, rest, ok := address(host)
	return a, user, ok && len(rest) == 0
}

// pamHost reads " rhost=<host>[  user=<U>]" to the line's end. The host may be
// a name or nothing: such a reading is as good as any other.
func pamHost(b []byte) (host, user []byte, ok bool) {
	b = b[len(rhost):]
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil, true
	}
	host, b = b[:i], b[i:]
	if rest, found := bytes.CutPrefix(b, []byte("  ")); found {
		b = rest
	} else {
		b = b[1:]
	}
	if len(b) == 0 {
		return host, nil, true
	}
	user, ok = bytes.CutPrefix(b, []byte("user="))
	return host, user, ok
}
