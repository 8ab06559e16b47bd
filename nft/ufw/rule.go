package ufw

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// rule is a line of iptables-save in words.
type rule []string

// errQuote is a text in quotes that does not end.
var errQuote = errors.New("a quoted text does not end")

// parseRule splits a line the way iptables-restore does (add_param_to_argv in
// iptables/xshared.c): at spaces and tabs, with double quotes and, inside of
// them, backslashes. Counters such as [12:3400] before the rule are left out.
func parseRule(line string) (rule, error) {
	var words rule
	var word strings.Builder
	quoted, escaped, some := false, false, false
	for _, c := range []byte(strings.TrimRight(line, "\r\n")) {
		switch {
		case escaped:
			escaped = false
			word.WriteByte(c)
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted, some = !quoted, true
		case !quoted && (c == ' ' || c == '\t'):
			if some {
				words = append(words, word.String())
				word.Reset()
				some = false
			}
		default:
			some = true
			word.WriteByte(c)
		}
	}
	if quoted {
		return nil, errQuote
	}
	if some {
		words = append(words, word.String())
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "[") {
		words = words[1:]
	}
	return words, nil
}

// chain is the chain that the rule is appended to, or "".
func (r rule) chain() string {
	if len(r) > 1 && (r[0] == "-A" || r[0] == "--append") {
		return r[1]
	}
	return ""
}

// value returns what follows the first of several spellings of an option.
func (r rule) value(spellings ...string) string {
	for i, word := range r {
		if slices.Contains(spellings, word) && i+1 < len(r) {
			return r[i+1]
		}
	}
	return ""
}

// target is where the rule leads, or "".
func (r rule) target() string { return r.value("-j", "--jump", "-g", "--goto") }

// acceptsLoopback tells whether a rule accepts all that comes over loopback.
func (r rule) acceptsLoopback() bool {
	return r.value("-i", "--in-interface") == "lo" && r.target() == "ACCEPT" && !slices.Contains(r, "!")
}

// acceptsEstablished tells whether a rule accepts packets of established
// connections, be it all of them or some.
func (r rule) acceptsEstablished() bool {
	states := strings.Split(r.value("--ctstate", "--state"), ",")
	return slices.Contains(states, "ESTABLISHED") && r.target() == "ACCEPT" && !slices.Contains(r, "!")
}

// jumpPorts returns the ports for which a rule leads to our chain; ok is false
// where the rule is anything but the harness's.
func (r rule) jumpPorts(f family) (ports []uint16, ok bool) {
	if len(r) != 10 || r[4] != "-m" || r[6] != "--dports" {
		return nil, false
	}
	for port := range strings.SplitSeq(r[7], ",") {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, false
		}
		ports = append(ports, uint16(n))
	}
	return ports, slices.Equal(r, parsed(f.jumpRule(ports)))
}

// parsed are the words of a rule that we wrote ourselves.
func parsed(line string) rule { return strings.Fields(line) }
