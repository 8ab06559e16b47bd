package main

import (
	"strings"
	"testing"
	"unicode"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"plain ünïcode":       "plain ünïcode",
		"\x1b[2J\x07bell":     `\x1b[2J\x07bell`,
		"\u009b31m":           `\u009b31m`,
		"a\u202egnp.exe":      `a\u202egnp.exe`,
		"\xff\xfe\x00":        `\xff\xfe\x00`,
		"two\nlines\r\ttabs":  `two\x0alines\x0d\x09tabs`,
		"the sign \ufffd too": "the sign \ufffd too",
	} {
		if got := visible(text); got != want {
			t.Errorf("visible(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMaskUser(t *testing.T) {
	for user, want := range map[string]string{
		"alice@example.com": "al…@e…",
		"alice":             "al…",
		"ab":                "a…",
		"a":                 "…",
		"a@b":               "…@…",
		"@example.com":      "…@e…",
		"":                  "…",
		"äöü@ß":             "äö…@…",
		"\xff\xfe":          "…",
		"x@y@z":             "…@y…",
	} {
		if got := maskUser(user); got != want {
			t.Errorf("maskUser(%q) = %q, want %q", user, got, want)
		}
	}
}

func TestMaskedLines(t *testing.T) {
	long := strings.Repeat("u", evidence.MaxUser)
	for _, tt := range []struct {
		users   string
		text    string
		textCut bool
		want    string
	}{
		{"alice@example.com", "failed: x, sasl_username=alice@example.com", false, "failed: x, sasl_username=al…@e…"},
		{"alice@example.com", "user=<Alice@Example.COM>, imap(alice): no (malice)", false, "user=<al…@e…>, imap(al…): no (malice)"},
		{"bob,bob@example.com", "user=<bob@example.com> bob", false, "user=<bo…@e…> bo…"},
		{"a", "a warning: a, user=a", false, "… warning: …, user=…"},
		{"root", "postfix/smtpd rooted user=root", false, "postfix/smtpd ro…ed user=ro…"},
		{long, "user=" + long + "more, rip=", false, "user=uu…"},
		{"alice@example.com", "very long, sasl_username=alice@exa", true, "very long, sasl_username=…"},
		{"alice@example.com", "very long, sasl_username=al", true, "very long, sasl_username=…"},
		{"alice@example.com", "very long, sasl_username=al", false, "very long, sasl_username=al"},
		{`q"u<o`, `{"log":"user q\"u\u003co failed"}`, false, `{"log":"user q"… failed"}`},
		{"", "no user", false, "no user"},
	} {
		if got := newMasker(strings.Split(tt.users, ",")).line(tt.text, tt.textCut); got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.users, tt.text, got, tt.want)
		}
	}
}

// FuzzMask wants nothing of a name of some length to be left, and nothing that
// a terminal obeys.
func FuzzMask(f *testing.F) {
	f.Add("alice@example.com", "warning: SASL LOGIN failed, sasl_username=", ", rip")
	f.Add("\x1b[31m", "user=<", ">")
	f.Fuzz(func(t *testing.T, user, before, after string) {
		got := newMasker([]string{user}).line(before+user+after, false)
		if len(user) >= 8 && !strings.Contains(user, dots) && strings.Contains(got, user) {
			t.Errorf("%q is in %q", user, got)
		}
		for _, r := range visible(got) + visible(user) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q is printed", r)
			}
		}
	})
}
