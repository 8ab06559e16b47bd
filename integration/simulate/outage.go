package main

import (
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// outage is a time when the mail server's own password check does not answer.
// Of the logins of that time the log tells every second one as what it is, and
// the others as if the password had been wrong: not every line says why.
type outage struct {
	from, to time.Duration
	logins   int
}

func (o *outage) at(at time.Duration) bool { return o.from <= at && at < o.to }

func (o *outage) kind() policy.Kind {
	if o.logins++; o.logins%2 == 0 {
		return policy.AuthFail
	}
	return policy.BackendFault
}
