package ingest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keeper is a Handler that keeps whole lines.
type keeper struct {
	*sink
	lines []string
}

func (k *keeper) Line(l *Line) {
	k.lines = append(k.lines, string(l.Tag)+"|"+string(l.PID)+"|"+string(l.Text))
	k.sink.Line(l)
}

// TestJournalWriters reads a journal of genuine and forged entries, with and
// without containers that the administrator names.
func TestJournalWriters(t *testing.T) {
	needJournalctl(t)
	const login = "warning: unknown[198.51.100.%]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=genuine"
	nth := func(prefix, n string) string { return prefix + strings.Replace(login, "%", n, 1) }
	units := []string{
		nth("postfix/smtpd|301|", "1"),
		"exim4|302|login authenticator failed for (host.example) [198.51.100.2]: 535 Incorrect authentication data (set_id=genuine)",
		"imapd-ssl|303|LOGIN FAILED, user=genuine, ip=[::ffff:198.51.100.3]",
	}
	tests := []struct {
		name       string
		containers []string
		want       []string
		refused    uint64
	}{
		{"units", nil, units, 7},
		{"containers", []string{"mail", "tagged", "pod"}, append(units[:3:3],
			nth("||Nov 23 15:07:25 mail postfix/smtpd[12]: ", "4"),
			nth("postfix/submission/smtpd|13|", "5"),
			nth("||2026-11-23T15:07:25.123456+00:00 mail postfix/smtpd[14]: ", "6")), 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			addJournal(t, dir, "writers")
			j := journalOver(t, dir, nil)
			j.cfg.Containers = test.containers
			k := &keeper{sink: newSink()}
			runJournalTo(t, j, k)
			await(t, j.Ready(), "the journal is read")
			if diff := cmp.Diff(test.want, k.lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if got := j.Stats().Refused; got != test.refused {
				t.Errorf("refused %d entries, want %d", got, test.refused)
			}
		})
	}
}

func TestJournalBelieves(t *testing.T) {
	cfg := NewJournal(JournalConfig{Containers: []string{"mail"}}).cfg
	genuine := journalEntry{unit: "postfix@-.service", uid: "101", transport: "syslog", exe: "/usr/lib/postfix/sbin/smtpd"}
	boxed := journalEntry{unit: "docker.service", uid: "0", transport: "journal", exe: "/usr/bin/dockerd", container: "mail"}
	tests := []struct {
		name   string
		from   journalEntry
		change func(e *journalEntry)
		want   bool
	}{
		{"genuine", genuine, func(*journalEntry) {}, true},
		{"root", genuine, func(e *journalEntry) { e.uid = "0" }, true},
		{"last system user", genuine, func(e *journalEntry) { e.uid = "999" }, true},
		{"a command in somebody's .forward", genuine, func(e *journalEntry) { e.uid = "1000" }, false},
		{"nobody", genuine, func(e *journalEntry) { e.uid = "65534" }, false},
		{"no user", genuine, func(e *journalEntry) { e.uid = "" }, false},
		{"ended before journald could look", genuine, func(e *journalEntry) { e.exe = "" }, true},
		{"logger", genuine, func(e *journalEntry) { e.exe = "/usr/bin/logger" }, false},
		{"quoted by the kernel", genuine, func(e *journalEntry) { e.transport = "kernel" }, false},
		{"no transport", genuine, func(e *journalEntry) { e.transport = "" }, false},
		{"root's shell", genuine, func(e *journalEntry) { e.unit = "session-3.scope" }, false},
		{"similar unit", genuine, func(e *journalEntry) { e.unit = "notpostfix.service" }, false},
		{"no unit", genuine, func(e *journalEntry) { e.unit = "" }, false},
		{"unit and container", genuine, func(e *journalEntry) { e.container = "mail" }, false},
		{"container", boxed, func(*journalEntry) {}, true},
		{"container by its tag", boxed, func(e *journalEntry) { e.container, e.containerTag = "x", "mail" }, true},
		{"podman", boxed, func(e *journalEntry) { e.exe, e.unit = "/usr/bin/conmon", "libpod-1.scope" }, true},
		{"container that is not named", boxed, func(e *journalEntry) { e.container = "web" }, false},
		{"a user's own engine", boxed, func(e *journalEntry) { e.uid = "1000" }, false},
		{"container from another program", boxed, func(e *journalEntry) { e.exe = "/usr/bin/logger" }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := test.from
			test.change(&e)
			if got := cfg.believe(&e); got != test.want {
				t.Errorf("believed: %v, want %v", got, test.want)
			}
		})
	}
}

// The empty name would match every entry without a container.
func TestJournalContainerWithoutAName(t *testing.T) {
	j := NewJournal(JournalConfig{Containers: []string{"mail", ""}})
	if err := j.Run(t.Context(), newSink()); err == nil {
		t.Fatal("a container without a name was accepted")
	}
}

func TestDefaultUnitsKeepRelaysOut(t *testing.T) {
	cfg := NewJournal(JournalConfig{}).cfg
	for _, unit := range []string{"rsyslog.service", "syslog.service", "syslog-ng.service", "docker.service", "cron.service"} {
		if cfg.believe(&journalEntry{unit: unit, uid: "0", transport: "syslog"}) {
			t.Errorf("%s is believed", unit)
		}
	}
}
