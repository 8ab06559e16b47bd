package postconf

import (
	"path/filepath"
	"strings"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
)

// stages are the lists of restrictions in the order in which Postfix goes
// through them (smtpd(8), SMTPD_ACCESS_README).
var stages = []string{
	"smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
	"smtpd_relay_restrictions", "smtpd_recipient_restrictions",
}

// check is a question to smtpbl in a list of restrictions.
type check struct {
	stage    string
	own      bool // in master.cf
	protocol postfix.Protocol
	path     string // of the socket, as seen from outside of a chroot
	// open tells that mail goes on where nobody answers.
	open bool
	// after are the restrictions before it that may end the list.
	after []string
}

// checks returns the questions to a socket among the restrictions of svc.
// Restriction classes are not looked into.
func (s *Setup) checks(svc *Service) []check {
	var all []check
	for _, stage := range stages {
		list, own := s.value(svc, stage)
		items := split(list)
		var after []string
		for i, item := range items {
			next := ""
			if i+1 < len(items) {
				next = items[i+1]
			}
			if c, ok := s.check(svc, item, next); ok {
				c.stage, c.own, c.after = stage, own, append([]string{}, after...)
				all = append(all, c)
			}
			if ends(item) {
				after = append(after, item)
			}
		}
	}
	return all
}

// check reads the restriction item with its argument.
func (s *Setup) check(svc *Service, item, argument string) (check, bool) {
	switch item {
	case "check_policy_service":
		endpoint, options := endpoint(argument)
		path, ok := strings.CutPrefix(endpoint, "unix:")
		action, given := options["default_action"]
		if !given {
			action, _ = s.value(svc, "smtpd_policy_service_default_action")
		}
		return check{protocol: postfix.Policy, path: s.resolve(svc, path), open: strings.EqualFold(action, "dunno")}, ok
	case "check_client_access":
		path, ok := strings.CutPrefix(strings.TrimPrefix(argument, "proxy:"), "socketmap:unix:")
		if i := strings.LastIndexByte(path, ':'); ok && i > 0 {
			return check{protocol: postfix.Map, path: s.resolve(svc, path[:i])}, true
		}
	}
	return check{}, false
}

// resolve makes a path of one that smtpd opens: relative ones begin in the
// queue directory, as all do in a chroot.
func (s *Setup) resolve(svc *Service, path string) string {
	if svc.Chroot || !filepath.IsAbs(path) {
		return filepath.Join(s.QueueDirectory, path)
	}
	return filepath.Clean(path)
}

// ends tells whether a restriction may end its list with a permission, or ends
// it for all.
func ends(item string) bool {
	return item == "permit" || item == "reject" || item == "defer" ||
		item == "permit_sasl_authenticated" || item == "permit_tls_all_clientcerts"
}

// endpoint splits "{ endpoint, name=value, … }", which Postfix takes since 3.0.
func endpoint(argument string) (string, map[string]string) {
	inner, ok := strings.CutPrefix(argument, "{")
	if !ok {
		return argument, nil
	}
	items := split(strings.ReplaceAll(strings.TrimSuffix(inner, "}"), " = ", "="))
	options := map[string]string{}
	for _, item := range items {
		if name, value, ok := strings.Cut(strings.Trim(item, "{} "), "="); ok {
			options[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	if len(items) == 0 {
		return "", options
	}
	return items[0], options
}

// split returns the items of a list, which commas and blanks part outside of
// braces.
func split(list string) []string {
	var items []string
	depth, start := 0, -1
	for i := range len(list) + 1 {
		separates := i == len(list) || depth == 0 && strings.IndexByte(", \t\r\n", list[i]) >= 0
		switch {
		case separates && start >= 0:
			items, start = append(items, list[start:i]), -1
		case separates:
		case start < 0:
			start = i
		}
		if i < len(list) {
			depth = max(depth+strings.Count(list[i:i+1], "{")-strings.Count(list[i:i+1], "}"), 0)
		}
	}
	return items
}
