package integration

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

const policyKey = "0123456789abcdef0123456789abcdef"

// policed sets Dovecot up as docs/SOURCES.md says, and returns the settings of
// smtpbl that go with it.
func policed(t *testing.T, l *lab.Lab) (config string) {
	t.Helper()
	must(t, os.MkdirAll("/etc/smtpbl", 0o755))
	must(t, os.WriteFile("/etc/smtpbl/auth-policy.key", []byte(policyKey+"\n"), 0o600))
	must(t, l.MX.Run("chown", "smtpbl", "/etc/smtpbl/auth-policy.key"))
	more := documented(t, "auth_policy_server_url", " KEY", " "+policyKey, "SOMETHING-RANDOM-THAT-STAYS", "integration")
	before, at24, found := strings.Cut(more, "# Dovecot 2.4\n")
	common, _, found23 := strings.Cut(before, "# Dovecot 2.3")
	if !found || !found23 {
		t.Fatalf("the settings of the two versions of Dovecot are not told apart:\n%s", more)
	}
	version, err := lab.DovecotVersion()
	must(t, err)
	if more = before; version == "2.4" {
		more = common + at24
	}
	t.Cleanup(func() { must(t, l.Dovecot("")) })
	must(t, l.Dovecot(more))
	return documented(t, "auth_policy_key_file")
}

// guess logs in as alice with a password and expects an answer.
func guess(from netip.Addr, port uint16, password string, want lab.Code) error {
	code, err := laboratory.Attacker.Login(from, port, "PLAIN", "alice", password)
	if err == nil && code != want {
		err = fmt.Errorf("answer %d, want %d", code, want)
	}
	if err != nil {
		return fmt.Errorf("log in from %s on port %d with %q: %w", from, port, password, err)
	}
	return nil
}

// TestAuthPolicy has the real Dovecot report logins beside the log lines: an
// outdated password counts once however often it is tried, each other guess
// counts once although three tell it, and Dovecot refuses whoever is banned,
// with the right password too.
func TestAuthPolicy(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{Config: policed(t, l)})
	phone, guesser := attacker4(1), attacker4(2)
	for range 10 {
		must(t, guess(phone, lab.PortSMTP, "outdated", lab.CodeRefused))
	}
	notBanned(t, phone)

	for n := range threshold(guesser) - 1 {
		must(t, guess(guesser, lab.PortSMTP, fmt.Sprint("guess", n), lab.CodeRefused))
	}
	notBanned(t, guesser)
	failLast(guesser, lab.PortSMTP, "PLAIN")
	must(t, awaitBan(guesser))
	must(t, shut(guesser))

	// The outdated password has counted as one, and goes on to.
	for n := range threshold(phone) - 2 {
		must(t, guess(phone, lab.PortSMTP, fmt.Sprint("guess", n), lab.CodeRefused))
	}
	notBanned(t, phone)
	failLast(phone, lab.PortSMTP, "PLAIN")
	must(t, awaitBan(phone))
}

// TestAuthPolicyRefuses bans an address that can still reach a mail port.
func TestAuthPolicyRefuses(t *testing.T) {
	l := world(t)
	s := serve(t, lab.Start{Config: policed(t, l) + "[nft]\nports = [25]\n"})
	addr := attacker4(1)
	right := lab.Users["alice"]
	// From elsewhere: who is known at an address may fail there more often.
	must(t, guess(attacker4(3), lab.PortSubmission, right, lab.CodeAccepted))
	for n := range threshold(addr) {
		// The ban ends the connection of the guess that is one too many.
		_ = guess(addr, lab.PortSMTP, fmt.Sprint("guess", n), lab.CodeRefused)
	}
	must(t, awaitBan(addr))
	must(t, guess(addr, lab.PortSubmission, right, lab.CodeRefused))
	must(t, l.AwaitMailLog("policy server refusal"))
	// Whoever is not banned is not concerned.
	must(t, guess(attacker4(2), lab.PortSubmission, right, lab.CodeAccepted))

	// Dovecot goes on without smtpbl.
	must(t, s.Stop(t.Context()))
	must(t, guess(addr, lab.PortSubmission, right, lab.CodeAccepted))
	must(t, guess(addr, lab.PortSubmission, "wrong", lab.CodeRefused))
}
