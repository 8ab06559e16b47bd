package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Without a service, what listens on the machine has to do.
func TestConfigCheckNotesPorts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "smtpbl.toml")
	for _, test := range []struct{ ports, listening, note string }{
		{"[25, 465, 587]", "both", "smtpbl: note: something listens on 143 and 993 (imap): failed logins there count, " +
			"but bans do not cover these ports: ports = [25, 465, 587, 143, 993] in [nft] would\n"},
		{"[25, 465, 587, 143, 993]", "both", ""},
		{"[25, 465, 587]", "none", ""},
	} {
		text := "runtime_dir = \"" + filepath.Join(dir, "run") + "\"\n[nft]\nports = " + test.ports + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ports := map[uint16]bool{25: true}
		if test.listening == "both" {
			ports[143], ports[993] = true, true
		}
		var out, diag bytes.Buffer
		e := env{stdout: &out, stderr: &diag, listening: func() map[uint16]bool { return ports }}
		if code := run(t.Context(), []string{"config", "check", path}, e); code != exitDone {
			t.Errorf("%v: exit code %d", test, code)
		}
		if want := path + ": no faults\n"; out.String() != want || diag.String() != test.note {
			t.Errorf("ports %s:\n%s\n%s", test.ports, out.String(), diag.String())
		}
	}
}
