package mask

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const kept = 128 // bytes of a name, in these tests

func TestLines(t *testing.T) {
	long := strings.Repeat("u", kept)
	for _, tt := range []struct {
		user string
		text string
		want string
	}{
		{"alice@example.com", "failed: x, sasl_username=alice@example.com", "failed: x, sasl_username=al…@e…"},
		{"alice@example.com", "user=<Alice@Example.COM>, imap(alice): no (malice)", "user=<al…@e…>, imap(al…): no (malice)"},
		{"alice", "cmd: AUTH login alice", "cmd: AUTH login al…"},
		{"alice", "[ warning: x, sasl_username=alice]", "[ warning: x, sasl_username=al…]"},
		{"alice", "ruser=alice rhost=192.0.2.1  user=alice", "ruser=al… rhost=192.0.2.1  user=al…"},
		// A name may be what every line has.
		{"a", "a warning: (a fault), user=a", "a warning: (a fault), user=…"},
		{"postfix", "mx1 postfix/smtpd[7]: x, sasl_username=postfix", "mx1 postfix/smtpd[7]: x, sasl_username=po…"},
		{"28", "2026-11-28T10:28:28 unknown[192.0.2.28]: sasl_username=28", "2026-11-28T10:28:28 unknown[192.0.2.28]: sasl_username=2…"},
		{"1", "(auth failed, 1 attempts): user=<1>, rip=1.2.3.4", "(auth failed, 1 attempts): user=<…>, rip=1.2.3.4"},
		{"192.0.2.1", "unknown[192.0.2.1]: sasl_username=192.0.2.1", "unknown[192.0.2.1]: sasl_username=19…"},
		{"a", "a login of a failed", "… login of … failed"},
		{"root", "rooted: login of root", "ro…ed: login of ro…"},
		// What an attacker chooses.
		{long, "user=" + long + "more, rip=", "user=uu…"},
		{"x, user=<bob>", "user=<x, user=<bob>>, rip=", "user=<x,…>, rip="},
		{"=", "sasl_username==", "sasl_username=…"},
		{"@", "sasl_username=@", "sasl_username=…@…"},
		{"\xff\x1b", "sasl_username=\xff\x1b", "sasl_username=…"},
		// A container's record.
		{"alice", `{"log":"user=\u003calice\u003e, rip=192.0.2.1\n"}`, `{"log":"user=\u003cal…\u003e, rip=192.0.2.1\n"}`},
		{`q"u<o`, `{"log":"user q\"u\u003co failed"}`, `{"log":"user q"… failed"}`},
		{`q"`, `{"log":"sasl_username=q\"\n"}`, `{"log":"sasl_username=q…\n"}`},
		{"al\ufffdce", `{"log":"sasl_username=al\ufffdce\n"}`, "…"},
		{"", "no user", "no user"},
		// Dovecot's auth_verbose_passwords.
		{"alice", "sql(alice,192.0.2.1): Password mismatch (given password: gue)ss)", "sql(al…,192.0.2.1): Password mismatch (given password: …)"},
		{"alice", "sql(alice,192.0.2.1): Password mismatch (SHA1 of given password: a1b2c3)", "sql(al…,192.0.2.1): Password mismatch (SHA1 of given password: …)"},
		// AUTH PLAIN as Courier logs it: NUL, alice, NUL, guess; and alice alone.
		{"alice", "cmd: AUTH PLAIN AGFsaWNlAGd1ZXNz alice", "cmd: AUTH PLAIN … al…"},
		{"alice", "cmd: AUTH LOGIN YWxpY2U= alice", "cmd: AUTH LOGIN …= al…"},
		{"alice", "SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice", "SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=al…"},
	} {
		if got := NewNames([]string{tt.user}, kept).Line(tt.text, tt.user, false); got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.user, tt.text, got, tt.want)
		}
	}
}

// TestLinesWithoutAName were read, but no name in them: it is hidden all the same,
// and so is the password.
func TestLinesWithoutAName(t *testing.T) {
	long := strings.Repeat("long", 16)
	for text, want := range map[string]string{
		"auth: plain(?,192.0.2.7): Username character disallowed by auth_username_chars: 0x20 (username: john doe)":    "auth: plain(?,192.0.2.7): Username character disallowed by auth_username_chars: 0x20 (username: jo…)",
		"auth: plain(?,192.0.2.7): Username character disallowed by auth_username_chars: 0x29 (username: john) doe)":   "auth: plain(?,192.0.2.7): Username character disallowed by auth_username_chars: 0x29 (username: jo…)",
		"auth: plain(?,192.0.2.7): Username character disallowed by auth_username_chars: 0x20 (username: john d":       "auth: plain(?,192.0.2.7): Username character disallowed by auth_username_chars: 0x20 (username: …",
		"auth: passwd-file(" + long + "...,192.0.2.7): unknown user":                                                   "auth: passwd-file(lo…...,192.0.2.7): unknown user",
		"imap-login: Disconnected (auth failed, 1 attempts): user=<" + long + "...>, method=PLAIN":                     "imap-login: Disconnected (auth failed, 1 attempts): user=<lo…...>, method=PLAIN",
		`{"log":"user=\u003c` + long + `...\u003e, method=PLAIN\n"}`:                                                   `{"log":"user=\u003clo…...\u003e, method=PLAIN\n"}`,
		`SMTP protocol error in "AUTH PLAIN AGFsaWNlAGd1ZXNz" H=(a) [192.0.2.7] AUTH command used when not advertised`: `SMTP protocol error in "AUTH PLAIN …" H=(a) [192.0.2.7] AUTH command used when not advertised`,
		`smtp failed-command command="auth login YWxpY2U=" result="503 5.5.1 Invalid command"`:                         `smtp failed-command command="auth login …" result="503 5.5.1 Invalid command"`,
		`smtp failed-command command="AUTH PLAIN" result="503 5.5.1 Invalid command"`:                                  `smtp failed-command command="AUTH PLAIN" result="503 5.5.1 Invalid command"`,
		`improper command pipelining after HELO from unknown[192.0.2.7]: AUTH PLAIN AGFsaWNlAGd1ZXNz\r\nQUIT`:          `improper command pipelining after HELO from unknown[192.0.2.7]: AUTH PLAIN …\r\nQUIT`,
		`improper command pipelining after HELO from unknown[192.0.2.7]: AUTH XOAUTH2 dXNlcj1hbGlj`:                    `improper command pipelining after HELO from unknown[192.0.2.7]: AUTH XOAUTH2 …`,
		`6AO1Arv4001329: AUTH decode64 error [-5 for "alice guess"], relay=[192.0.2.7]`:                                `6AO1Arv4001329: AUTH decode64 error [-5 for "…"], relay=[192.0.2.7]`,
		"[192.0.2.7]: possible SMTP attack: command=AUTH, count=4":                                                     "[192.0.2.7]: possible SMTP attack: command=AUTH, count=4",
		"unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=(unavailable)":              "unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=(unavailable)",
	} {
		if got := NewNames(nil, kept).Line(text, "", false); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// TestNamesOfOtherLines are hidden too, the longer ones first.
func TestNamesOfOtherLines(t *testing.T) {
	m := NewNames([]string{"bob", "bob@example.com", "alice"}, kept)
	for text, want := range map[string]string{
		"user=<bob@example.com> bob":            "user=<bo…@e…> bob",
		"user=<bob>, (alice) bob@example.com":   "user=<bo…>, (al…) bo…@e…",
		"disconnect from unknown ehlo=1 auth=0": "disconnect from unknown ehlo=1 auth=0",
	} {
		own := ""
		if strings.Contains(text, "bob@") {
			own = "bob@example.com"
		}
		if got := m.Line(text, own, false); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestLinesThatAreCut may end within a name.
func TestLinesThatAreCut(t *testing.T) {
	const user = "alice@example.com"
	m := NewNames([]string{user}, kept)
	for text, want := range map[string]string{
		"very long, sasl_username=alice@exa": "very long, sasl_username=…",
		"very long, sasl_username=al":        "very long, sasl_username=…",
		"very long, login of al":             "very long, login of …",
		"very long, no name":                 "very long, no name",
	} {
		if got := m.Line(text, user, true); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestGenuineLines: no line of a real server loses more than the name.
func TestGenuineLines(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "ingest", "parse", "testdata")
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs in %s: %v", dir, err)
	}
	names := 0
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		events, err := os.ReadFile(strings.TrimSuffix(log, "log") + "events")
		if err != nil {
			t.Fatal(err)
		}
		for sc := bufio.NewScanner(strings.NewReader(string(events))); sc.Scan(); {
			var ev struct {
				Line int
				User string
			}
			if err := json.Unmarshal(sc.Bytes(), &ev); err != nil {
				t.Fatal(err)
			}
			if len(ev.User) < shortName || len(ev.User) >= kept || strings.Contains(ev.User, "\ufffd") {
				continue // too usual to be looked for, or not written in the file as it was read
			}
			names++
			line := lines[ev.Line-1]
			m := NewNames([]string{ev.User}, kept)
			got := m.Line(line, ev.User, false)
			if want := strings.ReplaceAll(m.hideEncoded(line), ev.User, User(ev.User)); got != want {
				t.Errorf("%s:%d: %q\n got %q\nwant %q", log, ev.Line, ev.User, got, want)
			}
		}
	}
	if names == 0 {
		t.Error("no line has a name")
	}
}

// FuzzLine wants nothing to be left of a name of some length that stands in a
// line once, wherever that is.
func FuzzLine(f *testing.F) {
	f.Add("alice@example.com", "warning: SASL LOGIN failed, sasl_username=", ", rip")
	f.Add("\x1b[31m", "user=<", ">")
	f.Fuzz(func(t *testing.T, user, before, after string) {
		text := before + user + after
		got := NewNames([]string{user}, kept).Line(text, user, false)
		once := strings.Count(strings.ToLower(text), strings.ToLower(user)) == 1
		if len(user) >= 8 && len(user) <= kept && once && !strings.Contains(user, dots) && strings.Contains(got, user) {
			t.Errorf("%q is in %q", user, got)
		}
	})
}
