package parse

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/smtpbl/smtpbl/policy"
)

// DetectorConfig is what an administrator writes of a detector.
type DetectorConfig struct {
	// Name is shown as the Detail of its events.
	Name string
	// Program is the name before "[pid]: "; each * in it stands for any text.
	Program string
	// Pattern is an RE2 expression for the text behind "program[pid]: ". It
	// begins with ^ and has a group named addr; groups named user and
	// mechanism may be there.
	Pattern string
	// Kind is AuthFail, AuthOK or Abuse.
	Kind policy.Kind
}

// A Detector is an administrator's own pattern, for lines that nothing else
// knows. It is the one place with regular expressions, for here no program
// knows what is written by whom.
type Detector struct {
	name    []byte
	program string
	pattern *regexp.Regexp
	kind    policy.Kind
	// The groups' numbers, -1 where there is none.
	addr, user, mechanism int
}

// NewDetector returns the Detector for c. An error says what to write instead.
func NewDetector(c DetectorConfig) (*Detector, error) {
	if c.Name == "" {
		return nil, errors.New("read detector: it has no name")
	}
	d, err := newDetector(c)
	if err != nil {
		return nil, fmt.Errorf("read detector %q: %w", c.Name, err)
	}
	return d, nil
}

func newDetector(c DetectorConfig) (*Detector, error) {
	if c.Program == "" {
		return nil, errors.New(`it has no program: write the name that stands before "[pid]:", or "*" for any`)
	}
	if c.Kind != policy.AuthFail && c.Kind != policy.AuthOK && c.Kind != policy.Abuse {
		return nil, fmt.Errorf("it cannot make events of kind %q: write auth_fail, auth_ok or abuse", c.Kind)
	}
	re, err := regexp.Compile(c.Pattern)
	if err != nil {
		return nil, fmt.Errorf("compile its pattern: %w", err)
	}
	if err := checkPattern(c.Pattern); err != nil {
		return nil, err
	}
	return &Detector{
		name: []byte(c.Name), program: c.Program, pattern: re, kind: c.Kind,
		addr: re.SubexpIndex(addrGroup), user: re.SubexpIndex("user"), mechanism: re.SubexpIndex("mechanism"),
	}, nil
}

// event makes an event of a message that matches. The group named addr must
// hold one whole address, or the line counts as one that could not be read.
func (d *Detector) event(tag, pid, msg []byte, ev *policy.Event) bool {
	if !glob(d.program, tag) {
		return false
	}
	m := d.pattern.FindSubmatchIndex(msg)
	if m == nil {
		return false
	}
	a, rest, ok := address(group(msg, m, d.addr))
	if !ok || len(rest) > 0 {
		return unread(ev, policy.Detector)
	}
	*ev = policy.Event{
		Addr: a, Kind: d.kind, Service: policy.Detector,
		User: group(msg, m, d.user), Mechanism: group(msg, m, d.mechanism), Detail: d.name,
	}
	if d.kind != policy.Abuse {
		ev.Witness = policy.WitnessMTA
	}
	if d.kind == policy.AuthFail {
		ev.Failures = 1
	}
	if len(pid) > 0 {
		ev.Session = hash(tag, pid)
	}
	return true
}

// group returns what a group matched, nil for none.
func group(b []byte, m []int, n int) []byte {
	if n < 0 || m[2*n] < 0 {
		return nil
	}
	return b[m[2*n]:m[2*n+1]]
}

// glob tells whether b is pattern, in which each * stands for any text. It
// never goes back further than to the last *.
func glob(pattern string, b []byte) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(b) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from, p = p, i, p+1
		case p < len(pattern) && pattern[p] == b[i]:
			p, i = p+1, i+1
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
