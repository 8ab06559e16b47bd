package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// header parses what follows the stamp: "host tag[pid]: message", or Dovecot's
// own log, which names neither host nor program. Where syslog-ng was told to
// write the level in place of the host, the level is taken for the host.
func header(rest []byte, ev *policy.Event) bool {
	host := blank(rest)
	if host < 1 {
		return false
	}
	if ownLog(rest[:host]) {
		return hostless(rest, host, ev)
	}
	if rest[0] == '[' {
		return metalog(rest, ev)
	}
	tail := rest[host+1:]
	end := bytes.IndexByte(tail, ' ')
	if end < 2 || tail[end-1] != ':' {
		return oddHeader(rest, host, end, ev)
	}
	tag, pid := splitTag(tail[:end-1])
	return Message(tag, pid, tail[end+1:], ev)
}

// ownLog tells the first word after the stamp where there is no host, above
// all in Dovecot's own log file: the process follows, and its user name may
// hold a blank.
func ownLog(word []byte) bool {
	return word[len(word)-1] == ':' || word[0] == 'a' &&
		(bytes.HasPrefix(word, []byte("auth(")) || bytes.HasPrefix(word, []byte("auth-worker(")))
}

// metalog parses "[program] message", as the syslog of that name writes it,
// which tells neither host nor process (metalog src/metalog.c).
func metalog(rest []byte, ev *policy.Event) bool {
	end := bytes.Index(rest[:min(len(rest), maxHost)], []byte("] "))
	return end > 1 && Message(rest[1:end], nil, rest[end+2:], ev)
}

// dovecotTag stands for the tag that Dovecot's own log file lacks.
var dovecotTag = []byte("dovecot")

// hostless parses Dovecot's own log, or "tag[pid]: message" as programs send it
// to a local syslog. Dovecot 1 wrote the level before the process.
func hostless(rest []byte, word int, ev *policy.Event) bool {
	if Message(dovecotTag, nil, levelInfo.without(rest), ev) {
		return true
	}
	if rest[word-1] != ':' {
		return false
	}
	tag, pid := splitTag(rest[:word-1])
	return Message(tag, pid, rest[word+1:], ev)
}

// oddHeader parses the rarer headers. end is the length of the word after the
// host.
func oddHeader(rest []byte, host, end int, ev *policy.Event) bool {
	switch {
	case rest[0] == '<': // FreeBSD's syslogd -v: "<mail.info> host tag: …"
		return rest[host-1] == '>' && host < maxPriority && headerAfter(rest[host+1:], ev)
	case string(rest[:host]) == "stdout" || string(rest[:host]) == "stderr":
		// The log files of Kubernetes (CRI): "stdout F line", P for a part.
		inner, whole := bytes.CutPrefix(rest[host+1:], []byte("F "))
		return whole && recorded(inner, ev)
	case end == maxTag:
		return cutTag(rest[host+1:], ev)
	}
	return false
}

// maxPriority is more than "<security.warning>" has bytes.
const maxPriority = 24

// headerAfter is header, but a second facility is none.
func headerAfter(rest []byte, ev *policy.Event) bool {
	return len(rest) > 0 && rest[0] != '<' && header(rest, ev)
}

// recorded parses a line that a container's record has given a stamp, so that
// it need not have one of its own.
func recorded(inner []byte, ev *policy.Event) bool {
	if stampEnd(inner) != 0 {
		return Line(inner, ev)
	}
	word := bytes.IndexByte(inner, ' ')
	return word > 0 && ownLog(inner[:word]) && hostless(inner, word, ev)
}

// maxTag is where rsyslog's RSYSLOG_TraditionalForwardFormat, the default of
// forwarding to a socket, cuts "tag[pid]:" off (RFC 3164 section 4.1.3 allows
// no longer tag).
const maxTag = 32

// cutTag parses "tag[pid message" and "tag[pid] message" of that format. Of
// the mail servers only Postfix has tags of that length.
func cutTag(tail []byte, ev *policy.Event) bool {
	word := bytes.TrimSuffix(tail[:maxTag], []byte("]"))
	open := bytes.IndexByte(word, '[')
	if open < 0 || digits(word[open+1:]) != len(word)-open-1 {
		return false
	}
	return Message(word[:open], word[open+1:], tail[maxTag+1:], ev)
}

// withoutMessageID drops "[ID 197553 mail.info] ", which the syslogd of
// Solaris and illumos writes before each message (log(4D)).
func withoutMessageID(msg []byte) []byte {
	b, ok := bytes.CutPrefix(msg, []byte("[ID "))
	if !ok {
		return msg
	}
	n := digits(b)
	b, ok = bytes.CutPrefix(b[n:], []byte(" "))
	if n == 0 || !ok {
		return msg
	}
	if b, ok = bytes.CutPrefix(b[name(b[:min(len(b), maxPriority)]):], []byte("] ")); ok && len(b) > 0 {
		return b
	}
	return msg
}
