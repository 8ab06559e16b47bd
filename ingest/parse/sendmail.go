package parse

import "github.com/smtpbl/smtpbl/policy"

// sendmail parses a message of Sendmail's daemon.
func sendmail(pid, msg []byte, ev *policy.Event) bool { return false }
