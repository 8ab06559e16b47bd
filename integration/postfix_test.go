package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// The sockets as the reference configuration has them.
const (
	policySocket = "/var/spool/postfix/smtpbl/policy"
	mapSocket    = "/var/spool/postfix/smtpbl/map"
)

// harnessReport is what the tests read of "harness postfix --json".
type harnessReport struct {
	InPlace  bool `json:"in_place"`
	Services []struct {
		Service       string   `json:"service"`
		Asks          bool     `json:"asks"`
		StopsGuessing bool     `json:"stops_guessing"`
		Faults        []string `json:"faults"`
	} `json:"services"`
	Write []struct {
		File, At string
		Lines    []string
	} `json:"write"`
}

// postfixHarness runs "harness postfix" and expects its exit status to be that
// of its report.
func postfixHarness(t *testing.T, l *lab.Lab) *harnessReport {
	t.Helper()
	out, err := l.Smtpbl("harness", "postfix", "--json")
	no, refused := errors.AsType[*lab.CLIError](err)
	if err != nil && (!refused || no.Code != 1) {
		t.Fatal(err)
	}
	var r harnessReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.InPlace != (no == nil) {
		t.Fatalf("%v, exit status %v of\n%s", err, no, out)
	}
	return &r
}

// obey makes postconf's arguments of what the harness says to write.
func (r *harnessReport) obey(t *testing.T) [][]string {
	t.Helper()
	var changes [][]string
	for _, f := range r.Write {
		for _, line := range f.Lines {
			switch f.File {
			case "main.cf":
				changes = append(changes, []string{"-e", line})
			case "master.cf":
				option, ok := strings.CutPrefix(line, "-o ")
				if !ok {
					t.Fatalf("%q is no option", line)
				}
				changes = append(changes, []string{"-P", f.At + "/" + option})
			}
		}
	}
	return changes
}

// asking has Postfix ask a running smtpbl as the harness says, with other
// changes after that.
func asking(t *testing.T, l *lab.Lab, stops bool, more ...[]string) {
	t.Helper()
	t.Cleanup(func() { must(t, l.Postfix()) })
	before := postfixHarness(t, l)
	if before.InPlace || len(before.Services) != 3 {
		t.Fatalf("before anything was done: %+v", before)
	}
	must(t, l.Postfix(append(before.obey(t), more...)...))
	after := postfixHarness(t, l)
	for _, v := range after.Services {
		if !v.Asks || v.StopsGuessing != stops {
			t.Errorf("stops guessing: want %v: %+v", stops, v)
		}
	}
	if !after.InPlace || len(after.Write) != 0 {
		t.Fatalf("after all was done: %+v", after)
	}
}

// mails hands in a mail and expects a code, and the text with it.
func mails(host *lab.Host, from netip.Addr, want lab.Code, texts ...string) error {
	code, text, err := host.Mail(from, lab.PortSMTP)
	if err == nil && code != want {
		err = fmt.Errorf("answer %d %s, want %d", code, text, want)
	}
	for _, part := range texts {
		if err == nil && !strings.Contains(text, part) {
			err = fmt.Errorf("the text %q does not contain %q", text, part)
		}
	}
	if err != nil {
		return fmt.Errorf("hand in a mail from %s: %w", from, err)
	}
	return nil
}

// mailsAtLast is mails for what a line in the log leads to.
func mailsAtLast(t *testing.T, from netip.Addr, want lab.Code) {
	t.Helper()
	must(t, lab.Until(fmt.Sprintf("mail from %s is answered %d", from, want), soon, func() error {
		return mails(laboratory.Attacker, from, want)
	}))
}

// soften fails often enough for the soft step and waits for it.
func soften(t *testing.T, s *lab.Service, from netip.Addr) {
	t.Helper()
	failTimes(t, softThreshold(from), from)
	if _, err := s.Log.Await(t.Context(), soon, "soft step", "addr="+banned(from)); err != nil {
		t.Fatal(err)
	}
}

// softThreshold is the failure from which on Postfix turns away, by default.
func softThreshold(addr netip.Addr) int {
	if addr.Is4() {
		return 3
	}
	return 2
}

// told are parts of what an address that has failed so often is told.
func told(addr netip.Addr) []string {
	return []string{
		fmt.Sprintf("Client host rejected: %d failed logins from %s: please check the password", softThreshold(addr), addr),
		"try again in ", " minutes",
	}
}

// TestPostfixPolicy has the real Postfix ask the policy service when the
// client names a recipient, which is after AUTH.
func TestPostfixPolicy(t *testing.T) {
	l := world(t)
	config := fmt.Sprintf("[postfix]\npolicy_socket = %q\n", policySocket)
	s := serve(t, lab.Start{Config: config})
	asking(t, l, false)
	for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
		failTimes(t, softThreshold(addr)-1, addr)
		must(t, mails(l.Attacker, addr, lab.CodeTaken))
		failTimes(t, 1, addr)
		mailsAtLast(t, addr, lab.CodeDeferred)
		must(t, mails(l.Attacker, addr, lab.CodeDeferred, told(addr)...))
		notBanned(t, addr)
	}
	must(t, mails(l.Neighbour, neighbour4, lab.CodeTaken))

	// Who logs in hands in his mail all the same, which is in the log then
	// and makes up for it.
	must(t, l.Attacker.Submit(attacker4(1), lab.PortSubmission, "PLAIN", "alice"))
	mailsAtLast(t, attacker4(1), lab.CodeTaken)
	must(t, mails(l.Attacker, attacker6(1, 1), lab.CodeDeferred))

	// Neither needs the other to start again.
	must(t, l.RestartPostfix())
	must(t, mails(l.Attacker, attacker6(1, 1), lab.CodeDeferred))
	must(t, s.Signal(syscall.SIGHUP))
	must(t, s.AwaitReady(t.Context()))
	must(t, mails(l.Attacker, attacker6(1, 1), lab.CodeDeferred))
	must(t, s.Kill()) // leaves its socket
	must(t, mails(l.Attacker, attacker6(1, 1), lab.CodeTaken))
	s = serve(t, lab.Start{Config: config})
	soften(t, s, attacker4(2))
	must(t, mails(l.Attacker, attacker4(2), lab.CodeDeferred, told(attacker4(2))...))
	must(t, s.Stop(t.Context()))
	must(t, mails(l.Attacker, attacker4(2), lab.CodeTaken))
	if r := postfixHarness(t, l); r.InPlace {
		t.Error("the harness says that all is in place, and smtpbl does not run")
	}
}

// beforeAuth is what docs/POSTFIX.md says to write for each service, for
// postconf.
func beforeAuth(t *testing.T) [][]string {
	t.Helper()
	var changes [][]string
	for line := range strings.Lines(documented(t, "-o smtpd_delay_reject=no")) {
		option, ok := strings.CutPrefix(strings.TrimSpace(line), "-o ")
		if !ok {
			continue
		}
		for _, service := range []string{"submission", "smtps"} {
			changes = append(changes, []string{"-P", service + "/inet/" + option})
		}
	}
	// Port 25 takes mail from everywhere, so only the moment is changed.
	return append(changes, []string{"-P", "smtp/inet/smtpd_delay_reject=no"})
}

// TestPostfixPolicyBeforeAuth has it ask when the client connects, as
// documented.
func TestPostfixPolicyBeforeAuth(t *testing.T) {
	l := world(t)
	s := serve(t, lab.Start{Config: fmt.Sprintf("[postfix]\npolicy_socket = %q\naction = \"REJECT\"\n", policySocket)})
	asking(t, l, true, beforeAuth(t)...)
	for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
		must(t, mails(l.Attacker, addr, lab.CodeTaken))
		must(t, l.Attacker.Submit(addr, lab.PortSubmission, "PLAIN", "alice"))
		soften(t, s, addr)
		must(t, mails(l.Attacker, addr, lab.CodeRejected, told(addr)...))
		for _, port := range mailPorts {
			if code, err := l.Attacker.Login(addr, port, "PLAIN", "alice", lab.Users["alice"]); err == nil {
				t.Errorf("%s may try passwords on port %d: answer %d", addr, port, code)
			}
		}
		banned, err := l.Checked(addr.String())
		must(t, err)
		if banned {
			t.Errorf("%s is banned", addr)
		}
	}
	must(t, mails(l.Neighbour, neighbour4, lab.CodeTaken))
	must(t, l.Neighbour.Submit(neighbour4, lab.PortSMTPS, "PLAIN", "bob"))
	must(t, s.Stop(t.Context()))
	must(t, mails(l.Attacker, attacker4(1), lab.CodeTaken))
	must(t, l.Attacker.Submit(attacker4(1), lab.PortSubmission, "PLAIN", "alice"))
}

// TestPostfixShut sets nothing but smtpd_delay_reject, which docs/POSTFIX.md
// warns of: the harness finds that, and it is true.
func TestPostfixShut(t *testing.T) {
	l := world(t)
	serve(t, lab.Start{Config: fmt.Sprintf("[postfix]\npolicy_socket = %q\n", policySocket)})
	t.Cleanup(func() { must(t, l.Postfix()) })
	must(t, l.Postfix(append(postfixHarness(t, l).obey(t), []string{"-e", "smtpd_delay_reject=no"})...))
	for _, v := range postfixHarness(t, l).Services {
		if shut := strings.Contains(strings.Join(v.Faults, " "), "turns everybody away"); !v.Asks || shut != (v.Service != "smtp/inet") {
			t.Errorf("%+v", v)
		}
	}
	if code, err := l.Neighbour.Login(neighbour4, lab.PortSubmission, "PLAIN", "bob", lab.Users["bob"]); err == nil {
		t.Errorf("the neighbour can log in: answer %d", code)
	}
}

// TestPostfixMap has it ask as for a table.
func TestPostfixMap(t *testing.T) {
	l := world(t)
	config := fmt.Sprintf("[postfix]\nmap_socket = %q\n", mapSocket)
	s := serve(t, lab.Start{Config: config})
	asking(t, l, false)
	for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
		must(t, mails(l.Attacker, addr, lab.CodeTaken))
		soften(t, s, addr)
		must(t, mails(l.Attacker, addr, lab.CodeDeferred, told(addr)...))
		// It knows of no login.
		if err := l.Attacker.Submit(addr, lab.PortSubmission, "PLAIN", "alice"); err == nil || !strings.Contains(err.Error(), told(addr)[0]) {
			t.Errorf("%s logs in and hands in a mail: %v", addr, err)
		}
	}
	must(t, mails(l.Neighbour, neighbour4, lab.CodeTaken))
	must(t, mails(l.Neighbour, neighbour6, lab.CodeTaken))
	// A table that cannot be read: that is why the policy service is the one to
	// take.
	must(t, s.Stop(t.Context()))
	must(t, mails(l.Neighbour, neighbour4, lab.CodeTrouble))
	serve(t, lab.Start{Config: config})
	must(t, mails(l.Neighbour, neighbour4, lab.CodeTaken))
}

// TestPostfixMapBeforeAuth asks a table when the client connects.
func TestPostfixMapBeforeAuth(t *testing.T) {
	l := world(t)
	s := serve(t, lab.Start{Config: fmt.Sprintf("[postfix]\nmap_socket = %q\n", mapSocket)})
	asking(t, l, true, beforeAuth(t)...)
	for _, addr := range []netip.Addr{attacker4(1), attacker6(1, 1)} {
		must(t, mails(l.Attacker, addr, lab.CodeTaken))
		soften(t, s, addr)
		must(t, mails(l.Attacker, addr, lab.CodeDeferred, told(addr)...))
	}
	must(t, l.Neighbour.Submit(neighbour4, lab.PortSubmission, "PLAIN", "bob"))
}

// TestPostfixSocketThatCannotBeMade wants that said in all places, and mail
// guarded all the same.
func TestPostfixSocketThatCannotBeMade(t *testing.T) {
	l := world(t)
	s := serve(t, lab.Start{Config: "[postfix]\npolicy_socket = \"/nowhere/policy\"\n"})
	says := []string{"/nowhere/policy", "no such file or directory", "smtpbl harness postfix"}
	if _, err := s.Log.Await(t.Context(), soon, says...); err != nil {
		t.Error(err)
	}
	status, err := l.Smtpbl("status")
	must(t, err)
	for _, want := range append(says, "there is no socket now") {
		if !strings.Contains(status, want) {
			t.Errorf("status does not say %q:\n%s", want, status)
		}
	}
	earn(t, attacker4(1))
}

// TestPostfixSocketAmongPostfixsOwn has a configuration of the time when the
// service ran as root: the directory is the user postfix's, and that is said in all
// places, with what to write instead.
func TestPostfixSocketAmongPostfixsOwn(t *testing.T) {
	l := world(t)
	const old = "/var/spool/postfix/private/smtpbl-policy"
	s := serve(t, lab.Start{Config: fmt.Sprintf("[postfix]\npolicy_socket = %q\n", old)})
	if _, err := s.Log.Await(t.Context(), soon, old, "permission denied", "smtpbl harness postfix"); err != nil {
		t.Error(err)
	}
	status, err := l.Smtpbl("status")
	must(t, err)
	if !strings.Contains(status, "permission denied") {
		t.Errorf("status does not say why:\n%s", status)
	}
	for _, args := range [][]string{{"harness", "postfix"}, {"harness", "postfix", "--prepare"}} {
		out, err := l.Smtpbl(args...)
		no, refused := errors.AsType[*lab.CLIError](err)
		if !refused || no.Code != 1 || !strings.Contains(out+no.Stderr, policySocket) {
			t.Errorf("%q does not say what to use: %v\n%s", args, err, out)
		}
	}
	earn(t, attacker4(1))
}

// TestPostfixDirectory looks at the directory of the sockets as root's step of the
// unit makes it, and whether Postfix bears with it.
func TestPostfixDirectory(t *testing.T) {
	l := world(t)
	dir := filepath.Dir(policySocket)
	must(t, os.RemoveAll(dir))
	serve(t, lab.Start{}) // without [postfix] there is nothing to make
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without need %s is there: %v", dir, err)
	}
	must(t, os.WriteFile(lab.ConfigFile, fmt.Appendf(nil, "[postfix]\npolicy_socket = %q\n", policySocket), 0o644))
	out, err := l.Smtpbl("harness", "postfix", "--prepare")
	must(t, err)
	if !strings.Contains(out, dir) {
		t.Errorf("it does not say what it did: %q", out)
	}
	if out, err = l.Smtpbl("harness", "postfix", "--prepare"); err != nil || out != "" {
		t.Errorf("done twice, it says %q, %v", out, err)
	}
	if got, err := exec.Command("stat", "-c", "%U:%G %a", dir).Output(); string(got) != "smtpbl:postfix 750\n" {
		t.Errorf("%s is %q, %v", dir, got, err)
	}
	said := mailLogSize(t)
	must(t, l.MX.Run("postfix", "check"))
	text, err := os.ReadFile(lab.MailLog)
	must(t, err)
	if strings.Contains(string(text[said:]), "smtpbl") {
		t.Errorf("postfix check complains:\n%s", text[said:])
	}
}

func mailLogSize(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(lab.MailLog)
	must(t, err)
	return info.Size()
}
