package main

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postconf"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
	"github.com/smtpbl/smtpbl/policy"
)

// queue makes a queue directory, and the postconf of a Postfix that has it.
func queue(t *testing.T, more string) (dir string, run postconf.Run) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "smtpbl"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir, func(_ context.Context, args ...string) (string, error) {
		switch strings.Join(args[max(0, len(args)-1):], " ") {
		case "-M":
			return "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n", nil
		case "-P":
			return "submission/inet/smtpd_client_restrictions = permit_sasl_authenticated,reject\n" + more, nil
		}
		return "mail_version = 3.7.11\nqueue_directory = " + dir + "\nsmtpd_delay_reject = yes\nsmtpd_sasl_auth_enable = yes\n" + more, nil
	}
}

// printed returns what people read of a report, with the directory's name
// taken out.
func printed(t *testing.T, r *postfixReport, dir string) string {
	t.Helper()
	var b strings.Builder
	if err := printPostfix(&b, r); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	return strings.ReplaceAll(b.String(), dir, "/q")
}

func TestHarnessPostfixSaysWhatToWrite(t *testing.T) {
	cfg := config.Default()
	dir, run := queue(t, "")
	r, err := examinePostfix(t.Context(), &cfg, run)
	if err != nil {
		t.Fatal(err)
	}
	const want = `postfix          3.7.11, queue directory /q
socket           /q/smtpbl/policy (policy): does not answer, under the queue directory
                 FAULT: it is not in the configuration
smtp/inet        AUTH, smtpd_delay_reject = yes, chroot
                 FAULT: smtpbl is not asked
submission/inet  AUTH, smtpd_delay_reject = yes, chroot
                 FAULT: smtpbl is not asked

write into smtpbl.toml:
    [postfix]
    policy_socket = "/q/smtpbl/policy"

write into /etc/systemd/system/smtpbl.service.d/postfix.conf:
    [Service]
    ReadWritePaths=/q/smtpbl

write into main.cf:
    smtpbl_check = check_policy_service { unix:smtpbl/policy, default_action=DUNNO, timeout=10s }
    smtpd_client_restrictions = $smtpbl_check

write into master.cf, at submission/inet, in place of the same option if it is there:
    -o smtpd_client_restrictions=$smtpbl_check,permit_sasl_authenticated,reject

then: systemctl restart smtpbl; postfix reload; smtpbl harness postfix
docs/POSTFIX.md tells how to have Postfix ask before AUTH, which stops guessing and reaches the person
`
	if diff := cmp.Diff(want, printed(t, r, dir)); diff != "" || r.InPlace {
		t.Errorf("in place: %v; printed (-want +got):\n%s", r.InPlace, diff)
	}
}

func TestHarnessPostfixSaysThatAllIsInPlace(t *testing.T) {
	const ask = "smtpd_client_restrictions = check_policy_service { unix:smtpbl/p, default_action=DUNNO }\n"
	dir, run := queue(t, ask+"submission/inet/"+ask)
	cfg := config.Default()
	cfg.Postfix.PolicySocket = filepath.Join(dir, "smtpbl/p")
	listening, done := make(chan error, 1), make(chan error, 1)
	server := postfix.New(postfix.Config{
		Protocol: postfix.Policy, Path: cfg.Postfix.PolicySocket, Listening: func(err error) { listening <- err },
		Standing: func(context.Context, netip.Addr) (policy.Standing, error) { return policy.Standing{}, nil },
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- server.Run(ctx, func() {}) }()
	if err := <-listening; err != nil {
		t.Fatal(err)
	}
	r, err := examinePostfix(t.Context(), &cfg, run)
	if err != nil {
		t.Fatal(err)
	}
	const want = `postfix          3.7.11, queue directory /q
socket           /q/smtpbl/p (policy): answers, under the queue directory
smtp/inet        AUTH, smtpd_delay_reject = yes, chroot
                 asks smtpbl in main.cf, smtpd_client_restrictions
                 at RCPT TO, after AUTH: it does not stop guessing, it only refuses mail; who has a wrong password never gets there
submission/inet  AUTH, smtpd_delay_reject = yes, chroot
                 asks smtpbl in master.cf, smtpd_client_restrictions
                 at RCPT TO, after AUTH: it does not stop guessing, it only refuses mail; who has a wrong password never gets there
all is in place
`
	if diff := cmp.Diff(want, printed(t, r, dir)); diff != "" || !r.InPlace {
		t.Errorf("in place: %v; printed (-want +got):\n%s", r.InPlace, diff)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}

	// The same without the service, and with a policy that never comes to it.
	cfg.Policy.SoftThreshold4, cfg.Policy.SoftThreshold6 = 0, 0
	cfg.Policy.CountAbuse, cfg.Postfix.Action = true, config.PostfixReject
	if r, err = examinePostfix(t.Context(), &cfg, run); err != nil {
		t.Fatal(err)
	}
	text := printed(t, r, dir)
	for _, want := range []string{"does not answer", "smtpbl does not run with this configuration", "nobody comes to the soft step", "do not go together"} {
		if r.InPlace || !strings.Contains(text, want) {
			t.Errorf("in place: %v; it does not say %q:\n%s", r.InPlace, want, text)
		}
	}
}

func TestHarnessPostfixWithoutPostfix(t *testing.T) {
	cfg := config.Default()
	_, err := examinePostfix(t.Context(), &cfg, func(context.Context, ...string) (string, error) { return "", postconf.ErrNotInstalled })
	if hinted, ok := err.(interface{ Hint() string }); err == nil || !ok || hinted.Hint() == "" {
		t.Errorf("error %v has no hint", err)
	}
}

// Without a socket nobody can be turned away, and nothing is to be told.
func TestTheSoftStepTakesASocket(t *testing.T) {
	cfg := config.Default()
	if p := rungs(&cfg); p.SoftThreshold4 != 0 || p.SoftThreshold6 != 0 {
		t.Errorf("soft thresholds %d and %d without a socket", p.SoftThreshold4, p.SoftThreshold6)
	}
	cfg.Postfix.MapSocket = "/x"
	if p := rungs(&cfg); p.SoftThreshold4 != 3 || p.SoftThreshold6 != 2 {
		t.Errorf("soft thresholds %d and %d with a socket", p.SoftThreshold4, p.SoftThreshold6)
	}
}
