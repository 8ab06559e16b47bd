package main

import (
	"testing"
	"unicode"
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

// FuzzVisible wants nothing that a terminal obeys.
func FuzzVisible(f *testing.F) {
	f.Add("\x1b[31m\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range visible(text) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q is printed of %q", r, text)
			}
		}
	})
}
