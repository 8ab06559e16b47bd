package parse

import "github.com/smtpbl/smtpbl/policy"

// exim parses a message of Exim's main log.
func exim(msg []byte, ev *policy.Event) bool { return false }

// eximLog parses what follows the stamp in Exim's own main log, which names
// neither host nor program.
func eximLog(rest []byte, ev *policy.Event) bool { return false }
