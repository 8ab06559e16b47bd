package parse

import "github.com/smtpbl/smtpbl/policy"

// cyrus parses a message of Cyrus IMAP's servers.
func cyrus(msg []byte, ev *policy.Event) bool { return false }
