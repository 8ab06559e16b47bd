package exempt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program makes a program that answers like a shell script.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "postconf")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPostconf(t *testing.T) {
	got, err := postconf(t.Context(), program(t, `test "$*" = "-hx mynetworks" && echo "192.0.2.0/24 [::1]/128"`))
	if err != nil || got != "192.0.2.0/24 [::1]/128\n" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, tt := range map[string]struct{ script, want string }{
		"fails":    {"echo 'postconf: fatal: no main.cf' >&2; exit 1", "no main.cf"},
		"too long": {"yes 192.0.2.0/24 | head -c 300000", "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := postconf(t.Context(), program(t, tt.script)); err == nil || got != "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
	if _, err := postconf(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a program that is not there answers")
	}
}
