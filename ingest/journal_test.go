package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// captured is an hour after the entries of testdata/journal were written.
func captured() time.Time { return time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC) }

// needJournalctl skips the test where there is no systemd; where everything
// must be tested, that is a failure.
func needJournalctl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("journalctl"); err == nil {
		return
	}
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatal("journalctl is needed")
	}
	t.Skip("journalctl is needed")
}

// addJournal unpacks a journal of testdata into dir, as if it were rotated in.
func addJournal(t *testing.T, dir, name string) {
	t.Helper()
	rc, err := Open(filepath.Join("testdata", "journal", name+".journal.zst"))
	must(t, err)
	content, err := io.ReadAll(rc)
	must(t, err)
	must(t, rc.Close())
	staged := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(staged, content, 0o600))
	must(t, os.Rename(staged, filepath.Join(dir, name+".journal")))
}

// runJournal starts a Journal over dir; stop ends it.
func runJournal(t *testing.T, j *Journal) (s *sink, stop func()) {
	t.Helper()
	s = newSink()
	return s, runJournalTo(t, j, s)
}

// runJournalTo starts a Journal that h listens to; stop ends it.
func runJournalTo(t *testing.T, j *Journal, h Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx, h) }()
	stop = func() {
		if cancel(); ended == nil {
			return
		}
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		ended = nil
	}
	t.Cleanup(stop)
	return stop
}

// journalOver returns a Journal that reads the journal files in dir.
func journalOver(t *testing.T, dir string, start *Position) *Journal {
	t.Helper()
	return NewJournal(JournalConfig{
		Directory: dir, Start: start, History: 24 * time.Hour, Now: captured,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
}

// journalTruth asks journalctl for what must be handed over, by units alone.
func journalTruth(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.Command("journalctl", "-D", dir, "-q", "-o", "cat", "--output-fields=MESSAGE",
		"_SYSTEMD_UNIT=postfix@-.service", "_SYSTEMD_UNIT=dovecot.service").Output()
	must(t, err)
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func TestJournalHistoryThenLive(t *testing.T) {
	needJournalctl(t)
	dir := t.TempDir()
	addJournal(t, dir, "first")
	past := journalTruth(t, dir)
	j := journalOver(t, dir, nil)
	s, _ := runJournal(t, j)
	await(t, j.Ready(), "the journal is read")
	s.want(t, false, past...)
	addJournal(t, dir, "second")
	all := journalTruth(t, dir)
	s.want(t, true, all[len(past):]...)
	eventually(t, func() bool { return s.last().Cursor != "" }, func() string { return "no cursor" })
	// The handler has a line before the counter has.
	eventually(t, func() bool { return j.Stats().Lines >= uint64(len(all)) }, func() string { return "lines not counted" })
	if got := j.Stats(); got.Lines != uint64(len(all)) || got.Errors != 0 || got.Reopens != 0 {
		t.Errorf("counted %+v for %d lines", got, len(all))
	}
	s.silent(t)
}

func TestJournalResumesAtCursor(t *testing.T) {
	needJournalctl(t)
	dir := t.TempDir()
	addJournal(t, dir, "first")
	past := journalTruth(t, dir)
	j := journalOver(t, dir, nil)
	s, stop := runJournal(t, j)
	s.want(t, false, past...)
	await(t, j.Ready(), "the journal is read")
	stop()
	addJournal(t, dir, "second")
	all := journalTruth(t, dir)
	s2, _ := runJournal(t, journalOver(t, dir, s.last()))
	s2.want(t, false, all[len(past):]...)
	s2.silent(t)
}

// Only the entries before the cursor were vacuumed away, and it with them.
func TestJournalCursorVacuumed(t *testing.T) {
	needJournalctl(t)
	dir, gone := t.TempDir(), t.TempDir()
	addJournal(t, gone, "first")
	j := journalOver(t, gone, nil)
	s, stop := runJournal(t, j)
	await(t, j.Ready(), "the journal is read")
	stop()
	addJournal(t, dir, "second")
	want := journalTruth(t, dir)
	s2, _ := runJournal(t, journalOver(t, dir, s.last()))
	s2.want(t, false, want...)
	s2.silent(t)
}

func TestJournalCursorDamaged(t *testing.T) {
	needJournalctl(t)
	dir := t.TempDir()
	addJournal(t, dir, "first")
	j := journalOver(t, dir, &Position{Cursor: "no cursor at all"})
	s, _ := runJournal(t, j)
	s.want(t, false, journalTruth(t, dir)...)
}

// Every run of journalctl dies after a few entries.
func TestJournalChildDies(t *testing.T) {
	needJournalctl(t)
	dir := t.TempDir()
	addJournal(t, dir, "first")
	addJournal(t, dir, "second")
	script := filepath.Join(t.TempDir(), "journalctl")
	must(t, os.WriteFile(script, []byte("#!/bin/sh\nset -e\njournalctl \"$@\" | head -n 40\necho 'out of luck' >&2\nexit 1\n"), 0o700)) //nolint:gosec // it must be executable
	var logged bytes.Buffer
	j := journalOver(t, dir, nil)
	j.cfg.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	j.program, j.pause = script, time.Millisecond
	s, stop := runJournal(t, j)
	s.want(t, false, journalTruth(t, dir)...)
	stop()
	s.silent(t)
	if got := j.Stats(); got.Errors < 4 || got.Errors-got.Reopens > 1 {
		t.Errorf("counted %+v", got)
	}
	if !strings.Contains(logged.String(), "out of luck") {
		t.Errorf("the log does not tell what journalctl said: %s", logged.String())
	}
}

// TestJournalThatMayNotBeRead has journalctl refuse until somebody helps: the
// service must not wait for that, and reads all of it afterwards.
func TestJournalThatMayNotBeRead(t *testing.T) {
	needJournalctl(t)
	dir, helped := t.TempDir(), filepath.Join(t.TempDir(), "helped")
	addJournal(t, dir, "first")
	script := filepath.Join(t.TempDir(), "journalctl")
	must(t, os.WriteFile(script, []byte("#!/bin/sh\n[ -e "+helped+" ] && exec journalctl \"$@\"\n"+
		"echo 'No journal files were opened due to insufficient permissions.' >&2\nexit 1\n"), 0o700)) //nolint:gosec // it must be executable
	j := journalOver(t, dir, nil)
	j.program, j.pause = script, time.Millisecond
	s, _ := runJournal(t, j)
	select {
	case <-j.Ready():
	case <-time.After(deadline):
		t.Fatal("the service waits for the journal")
	}
	if trouble := j.Stats().Trouble; !strings.Contains(trouble, "usermod -aG systemd-journal") {
		t.Errorf("in trouble: %q", trouble)
	}
	must(t, os.WriteFile(helped, nil, 0o600))
	s.want(t, false, journalTruth(t, dir)...)
}

func TestJournalctlMissing(t *testing.T) {
	j := journalOver(t, t.TempDir(), nil)
	j.program = filepath.Join(t.TempDir(), "journalctl")
	err := j.Run(t.Context(), newSink())
	if err == nil || !strings.Contains(err.Error(), "install systemd") {
		t.Fatalf("got %v", err)
	}
}

func TestJournalUnitPattern(t *testing.T) {
	j := NewJournal(JournalConfig{Units: []string{"postfix["}})
	if err := j.Run(t.Context(), newSink()); err == nil {
		t.Fatal("a malformed pattern was accepted")
	}
}

func TestJournalEntryDecode(t *testing.T) {
	const rest = `"__CURSOR":"c","__REALTIME_TIMESTAMP":"1795446445964554"`
	stamp := time.UnixMicro(1795446445964554)
	tests := []struct {
		name, line string
		want       journalEntry
		bad        bool
	}{
		{
			"all fields", `{"MESSAGE":"text","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"12","_UID":"101","_SYSTEMD_UNIT":"postfix@-.service",` + rest + `}`,
			journalEntry{
				message: []byte("text"), tag: []byte("postfix/smtpd"), pid: []byte("12"), uid: "101", unit: "postfix@-.service", cursor: "c", stamp: stamp,
			},
			false,
		},
		{"binary message", `{"MESSAGE":[97,255,0],` + rest + `}`, journalEntry{message: []byte("a\xff\x00"), cursor: "c", stamp: stamp}, false},
		{"message twice", `{"MESSAGE":["a","b"],` + rest + `}`, journalEntry{message: []byte("a"), cursor: "c", stamp: stamp}, false},
		{"binary message twice", `{"MESSAGE":[[97,98],[99]],` + rest + `}`, journalEntry{message: []byte("ab"), cursor: "c", stamp: stamp}, false},
		{"too long", `{"MESSAGE":null,` + rest + `}`, journalEntry{cursor: "c", stamp: stamp}, false},
		{"two lines", `{"MESSAGE":"a\nwarning: b",` + rest + `}`, journalEntry{message: []byte("a warning: b"), cursor: "c", stamp: stamp}, false},
		{
			"container", `{"MESSAGE":"text","_EXE":"/usr/bin/dockerd","_TRANSPORT":"journal","CONTAINER_NAME":"mail","CONTAINER_TAG":"tag",` + rest + `}`,
			journalEntry{
				message: []byte("text"), exe: "/usr/bin/dockerd", transport: "journal", container: "mail", containerTag: "tag", cursor: "c", stamp: stamp,
			},
			false,
		},
		{"container twice", `{"CONTAINER_NAME":["mail","x"],` + rest + `}`, journalEntry{}, true},
		{"unit twice", `{"_SYSTEMD_UNIT":["postfix.service","x"],` + rest + `}`, journalEntry{}, true},
		{"byte too big", `{"MESSAGE":[256],` + rest + `}`, journalEntry{}, true},
		{"no cursor", `{"__REALTIME_TIMESTAMP":"1"}`, journalEntry{}, true},
		{"no time", `{"__CURSOR":"c"}`, journalEntry{}, true},
		{"no entry", `-- No entries --`, journalEntry{}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got journalEntry
			if err := got.decode([]byte(test.line)); (err != nil) != test.bad {
				t.Fatalf("error %v", err)
			}
			equalBytes := cmp.Comparer(bytes.Equal)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(journalEntry{}), equalBytes); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzJournalEntry(f *testing.F) {
	f.Add([]byte(`{"MESSAGE":[97,255],"__CURSOR":"c","__REALTIME_TIMESTAMP":"1"}`))
	f.Add([]byte(`{"MESSAGE":[[97],null,"x"],"_UID":"0","_SYSTEMD_UNIT":[["a"]]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var e journalEntry
		if err := e.decode(line); err != nil {
			if diff := cmp.Diff(journalEntry{}, e, cmp.AllowUnexported(journalEntry{})); diff != "" {
				t.Fatalf("a refused line left something behind: %s", diff)
			}
			return
		}
		if bytes.ContainsRune(e.message, '\n') || bytes.ContainsRune(e.tag, '\n') || e.cursor == "" {
			t.Fatalf("decoded %+v", e)
		}
	})
}

func BenchmarkJournalEntry(b *testing.B) {
	line := fmt.Appendf(nil, `{"__CURSOR":"s=fa7cc779cfd34bdaa23007992f2496d5;i=312;b=ed202664802544c894ecc98ea342ecec;m=d582b39;t=660f2f3a1eef3;x=d01a74513de36a9e","__REALTIME_TIMESTAMP":"1795446446092019","_BOOT_ID":"ed202664802544c894ecc98ea342ecec","_PID":"213","_UID":"0","_SYSTEMD_UNIT":"postfix@-.service","SYSLOG_IDENTIFIER":"postfix/smtpd","MESSAGE":%q}`,
		"warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice")
	var e journalEntry
	b.ReportAllocs()
	for b.Loop() {
		if err := e.decode(line); err != nil {
			b.Fatal(err)
		}
	}
}
