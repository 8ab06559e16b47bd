package parse

import "github.com/smtpbl/smtpbl/policy"

// isPostscreen tells Postfix's postscreen(8) of any instance.
func isPostscreen(tag []byte) bool { return false }

// postscreen parses a message of Postfix's postscreen(8).
func postscreen(msg []byte, ev *policy.Event) bool { return false }
