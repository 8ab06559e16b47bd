package config

import (
	"fmt"
	"path"
	"strings"

	"github.com/smtpbl/smtpbl/ingest"
)

// parseUnit takes a pattern of systemd units by their whole names.
func parseUnit(s string) (string, *problem) {
	s, p := parsePattern(s)
	if p == nil && !strings.Contains(s, ".") {
		p = &problem{message: fmt.Sprintf("%q is not the whole name of a unit", s), hint: fmt.Sprintf("write for example %q", s+".service")}
	}
	return s, p
}

// parseContainer takes the whole name of a container (or its log option
// "tag"): journalctl, which filters, knows no patterns.
func parseContainer(s string) (string, *problem) {
	s, p := parseName(s)
	if p == nil && strings.ContainsAny(s, "*?[") {
		p = &problem{message: fmt.Sprintf("%q is a pattern", s), hint: "write the whole name of each container: docker ps --format '{{.Names}}'"}
	}
	return s, p
}

// parsePattern takes a name in which * ? and [ ] match others, but not
// everything.
func parsePattern(s string) (string, *problem) {
	s, p := parseName(s)
	if p == nil && strings.Trim(s, "*?") == "" {
		p = &problem{message: fmt.Sprintf("%q matches everything", s), hint: "name whom to believe: anybody can write to the journal"}
	}
	return s, p
}

// parseName takes a name in which * ? and [ ] may match others.
func parseName(s string) (string, *problem) {
	if _, err := path.Match(s, ""); err != nil {
		return "", &problem{message: fmt.Sprintf("%q is not a pattern", s), hint: "a [ needs its ]; write \\[ for the character itself"}
	}
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", &problem{message: fmt.Sprintf("%q is not a name", s), hint: "a name is not empty and has no blanks"}
	}
	return s, nil
}

// listenHint shows each form of a syslog listener.
const listenHint = `write for example "unix:/run/smtpbl/syslog", "udp:127.0.0.1:5514" or "tcp:127.0.0.1:5514"`

// parseSyslog takes where to listen for syslog messages.
func parseSyslog(s string) (string, *problem) {
	if err := ingest.CheckListener(s); err != nil {
		return "", &problem{message: err.Error(), hint: listenHint}
	}
	path, found := strings.CutPrefix(s, "unix:")
	if found && len(path) > maxSocketPath {
		return "", &problem{message: fmt.Sprintf("the path is %d bytes long, too long for a socket", len(path)), hint: fmt.Sprintf("at most %d bytes", maxSocketPath)}
	}
	return s, nil
}

// optional is parse for a text that may be empty.
func optional(parse func(string) (string, *problem)) func(string) (string, *problem) {
	return func(s string) (string, *problem) {
		if s == "" {
			return "", nil
		}
		return parse(s)
	}
}
