package parse

import "github.com/smtpbl/smtpbl/policy"

// courier parses a message of a program whose tag begins with "courier".
func courier(tag, msg []byte, ev *policy.Event) bool { return false }

// courierIMAP parses a message of Courier's imapd and pop3d.
func courierIMAP(msg []byte, ev *policy.Event) bool { return false }
