package parse

import "github.com/smtpbl/smtpbl/policy"

// opensmtpd parses a message of OpenSMTPD's smtpd(8).
func opensmtpd(msg []byte, ev *policy.Event) bool { return false }
