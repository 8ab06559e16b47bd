package main

import "strings"

// protocol is what the clients need to know of one. Tag stands before every
// command; Greeted and answered tell the last line of an answer. auth makes
// the command that begins a login, with an initial response or without.
type protocol struct {
	tag      string
	greeted  func(line string) bool
	answered func(line string) bool
	auth     func(mechanism, initial string) string
	quote    func(response string) string
}

var smtp = protocol{
	greeted: smtpAnswered, answered: smtpAnswered,
	auth:  func(mechanism, initial string) string { return strings.TrimSpace("AUTH " + mechanism + " " + initial) },
	quote: plainly,
}

// smtpAnswered tells the last line of a reply (RFC 5321 section 4.2.1).
func smtpAnswered(line string) bool { return len(line) < 4 || line[3] != '-' }

var imap = protocol{
	tag:     "a ",
	greeted: func(string) bool { return true },
	answered: func(line string) bool {
		return hasPrefix(line, "a ", "+", "* BYE")
	},
	auth: func(mechanism, initial string) string {
		return strings.TrimSpace("AUTHENTICATE " + mechanism + " " + initial)
	},
	quote: plainly,
}

var pop3 = protocol{
	greeted:  func(string) bool { return true },
	answered: func(line string) bool { return hasPrefix(line, "+", "-") },
	auth:     smtp.auth,
	quote:    plainly,
}

// managesieve is RFC 5804.
var managesieve = protocol{
	greeted:  func(line string) bool { return hasPrefix(line, "OK", "NO", "BYE") },
	answered: func(line string) bool { return hasPrefix(line, "OK", "NO", "BYE", `"`, "{") },
	auth: func(mechanism, initial string) string {
		if initial == "" {
			return `AUTHENTICATE "` + mechanism + `"`
		}
		return `AUTHENTICATE "` + mechanism + `" "` + initial + `"`
	},
	quote: func(response string) string { return `"` + response + `"` },
}

func plainly(response string) string { return response }

func hasPrefix(line string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}
