package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// The lines of a release and of later sources look the same when the client
// writes the missing field into its realm.
func TestSaslauthdIsNotBelieved(t *testing.T) {
	for line, want := range map[string]policy.Service{
		"do_auth         : auth failure: [user=al] [service=smtp] [realm=] [mech=pam] [reason=PAM auth error]":                                                            policy.Saslauthd,
		"                : auth failure: [user=al] [service=imap] [realm=x.example] [mech=pam] [reason=PAM auth error]":                                                   policy.Saslauthd,
		"do_auth         : auth failure: [user=x] [service=smtp] [realm=y] [remote=198.51.100.7] [mech=pam] [reason=PAM auth error]":                                      policy.Saslauthd,
		"do_auth         : auth failure: [user=x] [service=smtp] [realm=y] [remote=198.51.100.7] [mech=pam] [reason=z] [service=smtp] [realm=] [mech=pam] [reason=error]": policy.Saslauthd,
		"do_auth         : auth success: [user=al] [service=smtp] [realm=] [mech=pam]":                                                                                    0,
		"do_request      : NULL password received": 0,
		"detach_tty      : master pid is: 7":       0,
	} {
		var ev policy.Event
		if Line([]byte(isoHead+"saslauthd[7]: "+line), &ev) || ev.Service != want {
			t.Errorf("%s\ngot %+v, want it unread by service %d", line, ev, want)
		}
	}
}
