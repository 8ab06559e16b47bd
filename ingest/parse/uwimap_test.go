package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func TestUWIMAP(t *testing.T) {
	failed := loginEvent(policy.AuthFail, "al", "")
	for _, tag := range []string{"imapd[7]: ", "ipop3d[7]: "} {
		checkShapes(t, bsdHead+tag, policy.UWIMAP, []shape{
			{"Login failed user=al auth=al host=mail.example [192.0.2.1]", failed},
			{"Login failed user=al auth=al host=[192.0.2.1]", failed},
			{"Login excessive login failures user=al auth=al host=mail.example [192.0.2.1]", failed},
			{"Login SYSTEM BREAK-IN ATTEMPT user=al auth= host=mail.example [192.0.2.1]", failed},
			{"Failed root override of user=al  host=mail.example [192.0.2.1] ", failed},
			{"Login failed user=x host=y [198.51.100.7] auth=z host=mail.example [192.0.2.1]", loginEvent(policy.AuthFail, "x host=y [198.51.100.7]", "")},
			{"Authenticated user=al host=mail.example [192.0.2.1] mech=PLAIN", loginEvent(policy.AuthOK, "al", "")},
			{"Login user=al host=mail.example [192.0.2.1]", loginEvent(policy.AuthOK, "al", "")},
			{"Login user=al host=[192.0.2.1] nmsgs=3/14", loginEvent(policy.AuthOK, "al", "")},
			{"Auth user=al host=mail.example [192.0.2.1] nmsgs=0/0", loginEvent(policy.AuthOK, "al", "")},
			{"APOP user=al host=mail.example [192.0.2.1] nmsgs=0/0", loginEvent(policy.AuthOK, "al", "")},
		})
	}
}

func TestUWIMAPLinesThatAreNoEvent(t *testing.T) {
	checkNoEvents(t, "imapd[7]: ", []string{
		"Logout user=al host=mail.example [192.0.2.1]",
		"Login disabled user=al auth=al host=mail.example [192.0.2.1]",
		"AUTHENTICATE PLAIN failure host=mail.example [192.0.2.1]",
		"Autologout user=al host=mail.example [192.0.2.1]",
		"Login failed user=al auth=al host=UNKNOWN",
		"Login failed user=al auth=al",
		"Login failed user=al auth=al host=mail.example [192.0.2.1] x",
		"Login failed user=x host=y [198.51.100.7] auth=z host=a-name-cut-off",
		"Login user=al host=[192.0.2.1] nmsgs=3",
		"Failed to open al host=[192.0.2.1]",
		"F",
	})
}
