package postconf

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
)

// debian is what postconf 3.7.11 of Debian 12 prints with the submission
// services of its master.cf switched on.
var debian = map[string]string{
	"-x": `mail_version = 3.7.11
queue_directory = /var/spool/postfix
compatibility_level = 3.6
smtpd_delay_reject = yes
smtpd_sasl_auth_enable = no
smtpd_policy_service_default_action = 451 4.3.5 Server configuration problem
smtpd_client_restrictions =
smtpd_helo_restrictions =
smtpd_sender_restrictions =
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination
smtpd_recipient_restrictions =
`,
	"-M": `smtp       inet  n       -       y       -       -       smtpd
submission inet  n       -       y       -       -       smtpd -o syslog_name=postfix/submission -o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=$mua_client_restrictions
submissions inet  n       -       n       -       -       /usr/lib/postfix/sbin/smtpd -o smtpd_sasl_auth_enable=yes
pickup     unix  n       -       y       60      1       pickup
smtp       unix  -       -       y       -       -       smtp
127.0.0.1:10025 inet n  -       -       -       -       smtpd
`,
	"-x -P": `submission/inet/smtpd_client_restrictions = permit_sasl_authenticated, reject
submission/inet/smtpd_sasl_auth_enable = yes
submission/inet/syslog_name = postfix/submission
submissions/inet/smtpd_sasl_auth_enable = yes
`,
	"-P": `submission/inet/smtpd_client_restrictions = $mua_client_restrictions
submission/inet/smtpd_sasl_auth_enable = yes
submission/inet/syslog_name = postfix/submission
submissions/inet/smtpd_sasl_auth_enable = yes
`,
}

// setup reads debian with other lines put in.
func setup(t *testing.T, more map[string]string) *Setup {
	t.Helper()
	s, err := Read(t.Context(), func(_ context.Context, args ...string) (string, error) {
		kind := strings.Join(args[:min(len(args), 2)], " ")
		switch {
		case strings.HasPrefix(kind, "-x mail"):
			return debian["-x"] + more["-x"], nil
		case strings.HasPrefix(kind, "mail"):
			return debian["-x"] + more["-x"] + more["main"], nil
		}
		return debian[kind] + more[kind], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var policySocket = []Socket{{postfix.Policy, "/var/spool/postfix/smtpbl/policy"}}

func TestWhatToWriteOnDebian(t *testing.T) {
	s := setup(t, nil)
	if s.Version != "3.7.11" || s.QueueDirectory != "/var/spool/postfix" {
		t.Errorf("read %q, %q", s.Version, s.QueueDirectory)
	}
	fault := []string{"smtpbl is not asked"}
	want := []Verdict{
		{Service: "smtp/inet", Chroot: true, DelayReject: true, Faults: []string{}, Notes: []string{"nobody can log in here, so that nothing is needed"}},
		{
			Service: "submission/inet", Chroot: true, DelayReject: true, Auth: true, Faults: fault, Notes: []string{},
			Parameter: place, In: "master.cf", Write: "-o smtpd_client_restrictions=$smtpbl_check,$mua_client_restrictions",
		},
		{
			Service: "submissions/inet", DelayReject: true, Auth: true, Faults: fault, Notes: []string{},
			Parameter: place, In: "master.cf", Write: "-o smtpd_client_restrictions=$smtpbl_check",
		},
		{Service: "127.0.0.1:10025/inet", DelayReject: true, Faults: []string{}, Notes: []string{"nobody can log in here, so that nothing is needed"}},
	}
	if diff := cmp.Diff(want, s.Judge(policySocket)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if got, want := s.Question(policySocket[0]), "check_policy_service { unix:smtpbl/policy, default_action=DUNNO, timeout=10s }"; got != want {
		t.Errorf("question %q, want %q", got, want)
	}
	if got, want := s.Question(Socket{postfix.Map, "/run/x/map"}), "check_client_access socketmap:unix:/run/x/map:smtpbl"; got != want {
		t.Errorf("question %q, want %q", got, want)
	}
}

// TestMainCF has AUTH and a list in main.cf.
func TestMainCF(t *testing.T) {
	s := setup(t, map[string]string{"-x": "smtpd_sasl_auth_enable = yes\nsmtpd_client_restrictions = permit_mynetworks, reject_rbl_client bl.example\n"})
	v := s.Judge(policySocket)[0]
	if want := "smtpd_client_restrictions = $smtpbl_check, permit_mynetworks, reject_rbl_client bl.example"; v.In != "main.cf" || v.Write != want {
		t.Errorf("write %q into %s, want %q", v.Write, v.In, want)
	}
}

// The name without what it stands for is no question, and is not written twice.
func TestTheNameAlone(t *testing.T) {
	s := setup(t, map[string]string{"-P": "submission/inet/smtpd_client_restrictions = $smtpbl_check,permit_sasl_authenticated,reject\n"})
	if v, want := s.Judge(policySocket)[1], "-o smtpd_client_restrictions=$smtpbl_check,permit_sasl_authenticated,reject"; v.Write != want {
		t.Errorf("write %q, want %q", v.Write, want)
	}
}

func TestWhetherAndWhen(t *testing.T) {
	const ask = "check_policy_service { unix:smtpbl/policy, default_action=DUNNO }"
	tests := map[string]struct {
		restrictions string // of submission, which is chrooted
		parameter    string
		main         string
		asks, stops  bool
		says         string // in a fault, a note or When
	}{
		"by default":             {ask, "", "", true, false, "at RCPT TO, after AUTH"},
		"before AUTH":            {ask, "", "smtpd_delay_reject = no\n", true, true, "when the client connects"},
		"shut":                   {ask + ", permit_sasl_authenticated, reject", "", "smtpd_delay_reject = no\n", true, true, "turns everybody away"},
		"at HELO":                {ask, "smtpd_helo_restrictions", "smtpd_delay_reject = no\n", true, true, "at EHLO"},
		"at MAIL FROM":           {ask, "smtpd_sender_restrictions", "smtpd_delay_reject = no\n", true, false, "at MAIL FROM"},
		"at RCPT TO":             {ask, "smtpd_recipient_restrictions", "smtpd_delay_reject = no\n", true, false, "at RCPT TO"},
		"after a login":          {"permit_sasl_authenticated " + ask, "", "", true, false, "permit_sasl_authenticated comes first"},
		"after all":              {"permit_sasl_authenticated, reject, " + ask, "", "", false, false, `"reject" comes first`},
		"without braces":         {"check_policy_service unix:smtpbl/policy", "", "", true, false, "defers all mail"},
		"no braces, but default": {"check_policy_service unix:smtpbl/policy", "", "smtpd_policy_service_default_action = dunno\n", true, false, "at RCPT TO"},
		"in the chroot":          {"check_policy_service unix:/smtpbl/policy", "", "", true, false, "defers all mail"},
		"out of the chroot":      {"check_policy_service unix:/var/spool/postfix/smtpbl/policy", "", "", false, false, "/var/spool/postfix/var/spool/postfix/smtpbl/policy, which is not a socket"},
		"another's":              {"check_policy_service { unix:private/other default_action = DUNNO }", "", "", false, false, "private/other, which is not a socket"},
		"by TCP":                 {"check_policy_service inet:127.0.0.1:10023", "", "", false, false, "smtpbl is not asked"},
		"a table":                {"check_client_access socketmap:unix:smtpbl/map:smtpbl", "", "", true, false, "knows of no login"},
		"a table by proxy":       {"check_client_access proxy:socketmap:unix:smtpbl/map:smtpbl", "", "", true, false, "defers all mail"},
		"another table":          {"check_client_access hash:/etc/postfix/access", "", "", false, false, "smtpbl is not asked"},
		"nothing":                {"", "", "", false, false, "smtpbl is not asked"},
		"cut short":              {"check_policy_service", "", "", false, false, "smtpbl is not asked"},
	}
	sockets := append([]Socket{{postfix.Map, "/var/spool/postfix/smtpbl/map"}}, policySocket...)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parameter := test.parameter
			if parameter == "" {
				parameter = place
			}
			s := setup(t, map[string]string{
				"-x":    test.main,
				"-x -P": "submission/inet/" + place + " =\nsubmission/inet/" + parameter + " = " + test.restrictions + "\n",
			})
			v := s.Judge(sockets)[1]
			text := strings.Join(append(append(v.Faults, v.Notes...), v.When), "\n")
			if v.Asks != test.asks || v.StopsGuessing != test.stops || !strings.Contains(text, test.says) {
				t.Errorf("%+v; want it to say %q", v, test.says)
			}
			if test.asks && (v.Parameter != parameter || v.In != "master.cf") {
				t.Errorf("found in %s, %s", v.In, v.Parameter)
			}
		})
	}
}

func TestPostconfThatFails(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Read(t.Context(), func(context.Context, ...string) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// FuzzJudge wants no configuration to be too odd, and nothing to be found that
// is not there.
func FuzzJudge(f *testing.F) {
	f.Add("smtp inet n - y - - smtpd", "check_policy_service { unix:smtpbl/policy, default_action=DUNNO }")
	f.Add("a b c d e f g smtpd", "{,}} check_client_access socketmap:unix::x")
	f.Fuzz(func(t *testing.T, service, list string) {
		s, err := Read(t.Context(), func(_ context.Context, args ...string) (string, error) {
			if args[0] == "-M" {
				return service, nil
			}
			return "queue_directory = /q\nsmtpd_client_restrictions = " + list, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range s.Judge([]Socket{{postfix.Policy, "/q/socket"}}) {
			if v.Asks && !strings.Contains(list, "socket") {
				t.Errorf("%+v of %q", v, list)
			}
		}
	})
}
