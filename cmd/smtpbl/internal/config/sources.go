package config

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// parseUnit takes a pattern of systemd units by their whole names.
func parseUnit(s string) (string, *problem) {
	s, p := parsePattern(s)
	if p == nil && !strings.Contains(s, ".") {
		p = &problem{message: fmt.Sprintf("%q is not the whole name of a unit", s), hint: fmt.Sprintf("write for example %q", s+".service")}
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
	network, at, _ := strings.Cut(s, ":")
	switch network {
	case "unix":
		at, p := parseDir(at)
		if p == nil && len(at) > maxSocketPath {
			p = &problem{message: fmt.Sprintf("the path is %d bytes long, too long for a socket", len(at)), hint: fmt.Sprintf("at most %d bytes", maxSocketPath)}
		}
		return network + ":" + at, p
	case "udp", "tcp":
		return s, parseHostPort(at)
	}
	return "", &problem{message: fmt.Sprintf("%q is not a listener", s), hint: listenHint}
}

// parseHostPort wants an address, because a listener whose name resolves to
// another one tomorrow would be open to others.
func parseHostPort(at string) *problem {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return &problem{message: fmt.Sprintf("%q is not address:port", at), hint: listenHint}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return &problem{message: fmt.Sprintf("%q is not a port", port), hint: "write a number from 1 to 65535"}
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return &problem{message: fmt.Sprintf("%q is not an address", host), hint: listenHint}
	}
	return nil
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
