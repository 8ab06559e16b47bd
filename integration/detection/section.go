package main

import (
	"fmt"
	"strings"

	"github.com/smtpbl/smtpbl/policy"
)

// A section is a part of the matrix: what one server writes.
type section struct {
	title   string
	service policy.Service
	// head stands before each line of the section.
	head string
	// usual are the filters that fail2ban has for this server's logins, strict
	// all that it has for the server, in their strictest mode.
	usual, strict []string
	rows          []row
}

// A row is one shape of line, in our words, with addresses for documentation:
// 192.0.2.0/24 and 2001:db8::/32 are the client's, 203.0.113.0/24 is us, and
// an address of 198.51.100.0/24 is what somebody wrote into the line.
type row struct {
	// about says what is special about the line.
	about string
	// text is one line without its head, or several that belong together.
	text string
	// want is what the lines must come to, as events describes it; "" is nothing.
	want string
}

// Most clients are 192.0.2.1, and most rows tell one thing.
const (
	failed   = "auth_fail 192.0.2.1"
	accepted = "auth_ok 192.0.2.1"
	fault    = "backend_fault 192.0.2.1"
	abused   = "abuse 192.0.2.1"
	nothing  = ""
	// either is a line that smtpbl leaves alone, and whoever counts it blames
	// the right one.
	either = "nothing or 192.0.2.1"
)

// lines are the lines of row i as they stand in a log. Each row is of another
// process, because readers may put lines of the same one together.
func (s *section) lines(i int) []string {
	lines := strings.Split(s.rows[i].text, "\n")
	for j := range lines {
		lines[j] = s.head + lines[j]
		lines[j] = strings.Replace(lines[j], "[7]", fmt.Sprintf("[%d]", 101+i), 1)
	}
	return lines
}

const bsd = "Nov 24 10:00:00 mx "

// matrix is all that is published, in its order.
func matrix() []section {
	return []section{
		postfixFailures(), postfixReasons(), postfixSessions(), postfixOthers(), postfixNoEvents(), postfixAttacks(), headers(),
		postscreen(),
		dovecotLogins(), dovecotAuth(), dovecotOwnLog(), dovecotAttacks(),
		eximFailures(), eximOthers(), eximAttacks(), eximSyslog(),
		sendmail(), opensmtpd(), courier(), cyrus(), saslauthd(), qmail(), uwimap(), pam(),
	}
}
