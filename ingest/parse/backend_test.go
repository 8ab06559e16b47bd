package parse

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// TestWhoseFaultALoginWas reads the lines of smtpd processes in their order. Each
// line begins with the process id; what it came to stands in want: the kind, ? where the
// client may have brought it about, the failures and what the end need not count.
func TestWhoseFaultALoginWas(t *testing.T) {
	const (
		away   = " warning: SASL: Connect to Dovecot auth socket 'private/auth' failed: No such file or directory"
		failed = " warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: "
		lost   = failed + "Connection lost to authentication server"
		noname = failed + "(reason unavailable), sasl_username=(unavailable)"
		end    = " disconnect from unknown[192.0.2.1] ehlo=1 auth=0/2 quit=1 commands=2/4"

		guess = "auth_fail 1+0"
		fault = "backend_fault 0+1"
		maybe = "backend_fault? 0+1"
		ended = "session 2+0"
	)
	for name, c := range map[string]struct{ lines, want []string }{
		"a login that Dovecot cannot read": {[]string{"7" + noname, "7" + noname}, []string{guess, guess}},
		"Dovecot is away":                  {[]string{"7" + away, "7" + noname, "7" + away, "7" + noname}, []string{fault, fault}},
		"for one login":                    {[]string{"7" + away, "7" + noname, "7" + noname}, []string{fault, guess}},
		"for another process":              {[]string{"7" + away, "8" + noname, "7" + noname}, []string{guess, fault}},
		"another client's words are between": {
			[]string{"7" + away, "8" + failed + "x, sasl_username=SASL: Connect to Dovecot auth socket", "8" + noname, "7" + noname},
			[]string{guess, guess, fault},
		},
		"with the reason and user of the login before": {
			[]string{"7" + failed + "UGFzc3dvcmQ6, sasl_username=al", "7" + away, "7" + failed + "UGFzc3dvcmQ6, sasl_username=al"},
			[]string{guess, fault},
		},
		"in the words of Postfix 3.4 to 3.6":            {[]string{"7 warning: SASL: Connect to private/auth failed: Connection refused", "7" + failed}, []string{fault}},
		"its handshake":                                 {[]string{"7 warning: SASL: Couldn't send handshake: Broken pipe", "7" + noname}, []string{fault}},
		"without a process id nobody knows whose it is": {[]string{away[1:], failed[1:]}, []string{guess}},
		"the connection to Dovecot is lost":             {[]string{"7" + lost, "7" + end, "7" + lost}, []string{maybe, ended, maybe}},
		"and the words stay":                            {[]string{"7" + lost, "7" + lost, "7" + lost + ", sasl_username=al"}, []string{maybe, guess, guess}},
		"and then it is away":                           {[]string{"7" + lost, "7" + away, "7" + lost}, []string{maybe, fault}},
		"saslauthd is away": {
			[]string{
				"7 warning: SASL authentication failure: cannot connect to saslauthd server: No such file or directory",
				"7 warning: SASL authentication failure: Password verification failed", "7" + failed + "generic failure",
			},
			[]string{fault},
		},
		"saslauthd is away, but sasldb knows better": {
			[]string{
				"7 warning: SASL authentication failure: cannot connect to saslauthd server: No such file or directory",
				"7" + failed + "authentication failure",
			},
			[]string{guess},
		},
		"a login name of blanks": {
			[]string{"7 warning: SASL authentication failure: All-whitespace username.", "7" + failed + "generic failure, sasl_username=(unavailable)"},
			[]string{maybe},
		},
	} {
		var s Sessions
		var got []string
		for _, line := range c.lines {
			pid, msg, _ := strings.Cut(line, " ")
			if pid != "7" && pid != "8" {
				pid, msg = "", line
			}
			var ev policy.Event
			if !Message([]byte("postfix/smtpd"), []byte(pid), []byte(msg), &ev) || !s.Resolve(&ev) {
				continue
			}
			mark := ""
			if ev.Unproven {
				mark = "?"
			}
			got = append(got, fmt.Sprintf("%s%s %d+%d", ev.Kind, mark, ev.Failures, ev.Excused))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
