package parse

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

var update = flag.Bool("update", false, "write the .events files anew")

// eventJSON is one line of an .events file. Session numbers the connections in
// the order of their first event.
type eventJSON struct {
	Line      int
	Time      time.Time
	Service   string
	Protocol  string `json:",omitempty"`
	Kind      string
	Addr      string
	Failures  int            `json:",omitempty"`
	Successes int            `json:",omitempty"`
	Excused   int            `json:",omitempty"`
	Unproven  bool           `json:",omitempty"`
	Unnamed   int            `json:",omitempty"`
	Span      time.Duration  `json:",omitempty"`
	Witness   policy.Witness `json:",omitempty"`
	Session   int            `json:",omitempty"`
	User      string         `json:",omitempty"`
	Mechanism string         `json:",omitempty"`
	Detail    string         `json:",omitempty"`
}

func TestCapturedLogsGiveTheirEvents(t *testing.T) {
	for _, file := range captures(t) {
		golden := strings.TrimSuffix(file, ".log") + ".events"
		var got bytes.Buffer
		enc := json.NewEncoder(&got)
		enc.SetEscapeHTML(false)
		for _, e := range capturedEvents(t, file) {
			if err := enc.Encode(e); err != nil {
				t.Fatal(err)
			}
		}
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func captures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) == 0 {
		t.Fatal("no captured logs:", err)
	}
	return files
}

func readLines(t testing.TB, file string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(b, []byte("\n"))
}

func capturedEvents(t *testing.T, file string) []eventJSON {
	t.Helper()
	stamps := NewStamper(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), time.UTC)
	sessions := map[uint64]int{0: 0}
	var events []eventJSON
	var backends Sessions
	for i, line := range readLines(t, file) {
		var ev policy.Event
		if !Line(line, &ev) || ev.Service == policy.Postfix && !backends.Resolve(&ev) {
			continue
		}
		at, ok := stamps.Stamp(line)
		if !ok {
			t.Errorf("%s:%d: no time in %q", file, i+1, line)
		}
		if _, known := sessions[ev.Session]; !known {
			sessions[ev.Session] = len(sessions)
		}
		protocol := ""
		if ev.Protocol != 0 {
			protocol = ev.Protocol.String()
		}
		events = append(events, eventJSON{
			Line: i + 1, Time: at, Service: ev.Service.String(), Protocol: protocol, Kind: ev.Kind.String(), Addr: ev.Addr.String(),
			Failures: ev.Failures, Successes: ev.Successes, Excused: ev.Excused, Unproven: ev.Unproven, Unnamed: ev.Unnamed, Span: ev.Span,
			Witness: ev.Witness, Session: sessions[ev.Session],
			User: string(ev.User), Mechanism: string(ev.Mechanism), Detail: string(ev.Detail),
		})
	}
	return events
}
