package parse

import "github.com/smtpbl/smtpbl/policy"

// isQmail tells the programs of qmail and vpopmail.
func isQmail(tag []byte) bool { return false }

// qmail parses a message of qmail's programs.
func qmail(tag, msg []byte, ev *policy.Event) bool { return false }
