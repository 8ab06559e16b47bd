package parse

import "github.com/smtpbl/smtpbl/policy"

// uwimap parses a message of the UW imapd and ipop3d.
func uwimap(msg []byte, ev *policy.Event) bool { return false }
