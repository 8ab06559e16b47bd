package config

import (
	"fmt"
	"strings"
)

// parseSocket takes the path of a unix socket.
func parseSocket(s string) (string, *problem) {
	path, p := parseDir(s)
	if p == nil && len(path) > maxSocketPath {
		p = &problem{message: fmt.Sprintf("the path is %d bytes long, too long for a socket", len(path)), hint: fmt.Sprintf("at most %d bytes", maxSocketPath)}
	}
	return path, p
}

// maxReplyText leaves room for the values and for what Postfix writes before
// the text: a reply line of SMTP has at most 512 bytes (RFC 5321, section
// 4.5.3.1.5).
const maxReplyText = 300

// replyFields are what may stand in braces in a reply.
var replyFields = []string{"{addr}", "{count}", "{until}", "{for}"}

// parseReplyText takes a text for an SMTP reply.
func parseReplyText(s string) (string, *problem) {
	if s == "" || len(s) > maxReplyText {
		return "", &problem{message: fmt.Sprintf("the text is %d bytes long", len(s)), hint: fmt.Sprintf("write 1 to %d bytes", maxReplyText)}
	}
	rest := s
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return "", &problem{message: fmt.Sprintf("the text holds the byte %#02x", c), hint: "SMTP replies are printable ASCII characters only"}
		}
	}
	for _, f := range replyFields {
		rest = strings.ReplaceAll(rest, f, "")
	}
	if i := strings.IndexAny(rest, "{}"); i >= 0 {
		return "", &problem{message: fmt.Sprintf("%q is not known in the text", word(rest[i:])), hint: "there are " + strings.Join(replyFields, ", ")}
	}
	return s, nil
}

// word returns what stands before the first blank of s.
func word(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// parseLogin takes a login name.
func parseLogin(s string) (string, *problem) {
	if s == "" || len(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", &problem{message: fmt.Sprintf("%q is not a login name", s), hint: "a name has 1 to 255 bytes and no blanks"}
	}
	return s, nil
}

// Asked tells whether Postfix may ask at all. Where it may not, nobody can be
// turned away.
func (x *Postfix) Asked() bool { return x.PolicySocket != "" || x.MapSocket != "" }
