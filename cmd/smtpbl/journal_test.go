package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/journal"
)

// TestErrorsHaveAPriorityInTheJournal runs commands as systemd does, and once more
// where standard error leads elsewhere than the variable says.
func TestErrorsHaveAPriorityInTheJournal(t *testing.T) {
	spoilt := filepath.Join(t.TempDir(), "smtpbl.toml")
	if err := os.WriteFile(spoilt, []byte("nonsense = 1\n[policy]\nwindow = 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"nonsense"}, {"--config", spoilt, "status"}} {
		for _, away := range []uint64{0, 1} {
			said := sayTo(t, away, func(e env) {
				if code := run(t.Context(), args, e); code != exitUsage {
					t.Errorf("%q: exit status %d", args, code)
				}
			})
			if said == "" {
				t.Errorf("%q says nothing", args)
			}
			for line := range strings.Lines(said) {
				if marked := strings.HasPrefix(line, "<3>"); marked != (away == 0) {
					t.Errorf("%q, marked: %v: %s", args, marked, line)
				}
			}
		}
	}
}

func TestLogHasAPriorityInTheJournal(t *testing.T) {
	for away, want := range map[uint64]string{0: "<4>time=", 1: "time="} {
		said := sayTo(t, away, func(e env) { (&app{env: e}).logger(false).Warn("test") })
		if !strings.HasPrefix(said, want) {
			t.Errorf("the log is %q, want %q first", said, want)
		}
	}
}

// sayTo returns what say writes to a standard error whose inode is the journal's
// plus away.
func sayTo(t *testing.T, away uint64, say func(env)) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // read by its name
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	vars := map[string]string{journal.StreamEnv: fmt.Sprintf("%d:%d", st.Dev, st.Ino+away)}
	say(env{stdout: f, stderr: f, getenv: func(name string) string { return vars[name] }})
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
