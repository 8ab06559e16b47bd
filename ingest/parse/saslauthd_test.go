package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func TestSaslauthd(t *testing.T) {
	failed := func(user string) policy.Event {
		return policy.Event{
			Addr: client1, Kind: policy.AuthFail, Failures: 1, Witness: database([]byte("saslauthd")),
			User: []byte(user), Detail: []byte("PAM auth error"),
		}
	}
	down := failed("al")
	down.Kind, down.Failures, down.Excused, down.Detail = policy.BackendFault, 0, 1, []byte("[ALERT] saslauthd internal error")
	checkShapes(t, isoHead+"saslauthd[7]: ", policy.Saslauthd, []shape{
		{"do_auth         : auth failure: [user=al] [service=smtp] [realm=] [remote=192.0.2.1] [mech=pam] [reason=PAM auth error]", failed("al")},
		{"                : auth failure: [user=al] [service=imap] [realm=x.example] [remote=192.0.2.1;4711] [mech=pam] [reason=PAM auth error]", failed("al")},
		{": auth failure: [user=al] [service=smtp] [realm=] [remote=::ffff:192.0.2.1] [mech=pam] [reason=PAM auth error]", failed("al")},
		{"do_auth         : auth failure: [user=x] [remote=198.51.100.7] [service=smtp] [realm=] [remote=192.0.2.1] [mech=pam] [reason=PAM auth error]", failed("x] [remote=198.51.100.7")},
		{"do_auth         : auth failure: [user=al] [service=smtp] [realm=] [remote=192.0.2.1] [mech=rimap] [reason=[ALERT] saslauthd internal error]", down},
	})
}

func TestSaslauthdLinesThatAreNoEvent(t *testing.T) {
	const tail = " [mech=pam] [reason=PAM auth error]"
	checkNoEvents(t, "saslauthd[7]: ", []string{
		"do_auth         : auth failure: [user=al] [service=smtp] [realm=]" + tail,
		"do_auth         : auth failure: [user=al] [service=ldap] [realm=] [remote=192.0.2.1]" + tail,
		"do_auth         : auth failure: [user=x] [service=smtp] [realm=] [remote=198.51.100.7]" + tail + " [service=smtp] [realm=] [remote=192.0.2.1]" + tail,
		"do_auth         : auth failure: [user=x] [service=smtp] [realm=y] [service=smtp] [realm=] [remote=192.0.2.1]" + tail,
		"do_auth         : auth failure: [user=al] [service=smtp] [realm=] [remote=]" + tail,
		"do_auth         : auth failure: [user=al] [service=smtp] [realm=] [remote=192.0.2.1]" + tail + "x",
		"do_auth         : auth success: [user=al] [service=smtp] [realm=] [remote=192.0.2.1] [mech=pam]",
		"do_request      : NULL password received",
	})
}
