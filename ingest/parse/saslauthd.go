package parse

import "github.com/smtpbl/smtpbl/policy"

// saslauthd parses a message of Cyrus SASL's saslauthd(8).
func saslauthd(msg []byte, ev *policy.Event) bool { return false }
