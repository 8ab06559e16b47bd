package mask

import "testing"

func TestUser(t *testing.T) {
	for name, want := range map[string]string{
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
		if got := User(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
