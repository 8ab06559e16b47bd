package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigCheckNotesTraps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "smtpbl.toml")
	for _, test := range []struct {
		text string
		note bool
	}{
		{"known_threshold = 0", true},
		{"known_threshold = 0\naccount_nets = 0", false},
		{"account_nets = 0", false},
		{"", false},
	} {
		if err := os.WriteFile(path, []byte("[policy]\n"+test.text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, diag bytes.Buffer
		e := env{stdout: &out, stderr: &diag, listening: func() map[uint16]bool { return nil }}
		if code := run(t.Context(), []string{"config", "check", path}, e); code != exitDone {
			t.Errorf("%q: exit code %d: %s", test.text, code, &diag)
		}
		if got := strings.HasPrefix(diag.String(), "smtpbl: note: known_threshold = 0 "); got != test.note {
			t.Errorf("%q: %q, want a note: %v", test.text, diag.String(), test.note)
		}
	}
}
