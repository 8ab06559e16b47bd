package main

import (
	"bytes"
	"errors"
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

// TestConfigCheckNotesAKeyThatIsNone has a good file name one that the service would
// not start with.
func TestConfigCheckNotesAKeyThatIsNone(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "smtpbl.toml"), filepath.Join(dir, "key")
	text := "[ingest]\nauth_policy = \"127.0.0.1:9726\"\nauth_policy_key_file = \"" + key + "\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		key  string
		mode os.FileMode
		want string
	}{
		{"", 0, "no such file"},
		{"short", 0o600, "has 5 characters, and 16 are needed"},
		{"0123456789abcdef0123\n", 0o644, "others than its owner may read"},
		{"0123456789abcdef0123\n", 0o600, ""},
	} {
		if test.mode != 0 {
			if err := errors.Join(os.WriteFile(key, []byte(test.key), 0o600), os.Chmod(key, test.mode)); err != nil {
				t.Fatal(err)
			}
		}
		var out, diag bytes.Buffer
		e := env{stdout: &out, stderr: &diag, listening: func() map[uint16]bool { return nil }}
		if code := run(t.Context(), []string{"config", "check", path}, e); code != exitDone {
			t.Errorf("exit code %d: %s", code, &diag)
		}
		got := diag.String()
		if noted := strings.HasPrefix(got, "smtpbl: note: the service will not start: read auth_policy_key_file: "); noted != (test.want != "") || !strings.Contains(got, test.want) {
			t.Errorf("a key %q of mode %04o: %q, want a note with %q", test.key, test.mode, got, test.want)
		}
	}
}
