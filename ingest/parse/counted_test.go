package parse

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

// The captured failures counted in another way: by expressions over whole
// lines, which only known, benign placing of the fields allows.
var (
	crudePostfix = regexp.MustCompile(`/smtpd\[\d+\]: (?:message repeated (\d+) times: \[ )?warning: [^\[ ]+\[([0-9a-f.:]+)\](?::\d+)?: SASL .* authentication failed: `)
	crudeDovecot = regexp.MustCompile(`dovecot: auth(?:: [a-z0-9-]+)?\([^,]*,([0-9a-f.:]+)(?:\)|,sasl:[a-z0-9-]+\)): .*(?:unknown user|Password mismatch|invalid input|disallowed by)`)
	crudeFault   = regexp.MustCompile(`authentication failed: (?:Connection lost to|Can't connect to|generic failure)`)
)

// postfixCaptures are the captured logs of Postfix with Dovecot.
func postfixCaptures(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"bullseye*", "bookworm*", "trixie*", "invalid-bytes"} {
		found, err := filepath.Glob("testdata/" + pattern + ".log")
		if err != nil || len(found) == 0 {
			t.Fatal("no captured log:", pattern, err)
		}
		files = append(files, found...)
	}
	return files
}

func TestCapturedFailuresOfEachAddress(t *testing.T) {
	for _, file := range postfixCaptures(t) {
		want, got := map[string]int{}, map[string]int{}
		for _, line := range readLines(t, file) {
			if m := crudePostfix.FindSubmatch(line); m != nil && !crudeFault.Match(line) {
				n := 1
				if len(m[1]) > 0 {
					n, _ = strconv.Atoi(string(m[1]))
				}
				want["postfix "+string(m[2])] += n
			}
			if m := crudeDovecot.FindSubmatch(line); m != nil {
				want["dovecot "+string(m[1])]++
			}
			var ev policy.Event
			if Line(line, &ev) && ev.Kind == policy.AuthFail {
				got[ev.Service.String()+" "+ev.Addr.String()] += ev.Failures
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// The three base captures are the same attacks against three releases, whose
// lines differ: they must come to the same.
func TestTheSameAttacksOnEachRelease(t *testing.T) {
	want := map[string]int{
		"postfix auth_fail": 44, "postfix backend_fault": 1, "postfix auth_ok": 4,
		"postfix abuse": 6, "postfix session": 49, "dovecot auth_fail": 42,
	}
	for _, release := range []string{"bullseye", "bookworm", "trixie"} {
		got := map[string]int{}
		for _, line := range readLines(t, "testdata/"+release+".log") {
			var ev policy.Event
			if Line(line, &ev) {
				got[ev.Service.String()+" "+ev.Kind.String()]++
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", release, diff)
		}
	}
}

// Postfix counts the AUTH commands of each connection itself and says so at
// its end. The lines before must not come to more than that, and to less only
// where a command ended without a line of its own: the client hung up, or anvil
// or Cyrus SASL cut in.
func TestFailuresOfAConnectionAreThoseItsEndCounts(t *testing.T) {
	for _, file := range postfixCaptures(t) {
		open := map[uint64]int{}
		reported, counted := 0, 0
		for i, line := range readLines(t, file) {
			var ev policy.Event
			if !Line(line, &ev) || ev.Service != policy.Postfix {
				continue
			}
			if ev.Kind != policy.Session {
				open[ev.Session] += ev.Failures + ev.Excused
				continue
			}
			if open[ev.Session] > ev.Failures {
				t.Errorf("%s:%d: %d failures were reported, the end counts %d", file, i+1, open[ev.Session], ev.Failures)
			}
			reported, counted = reported+open[ev.Session], counted+ev.Failures
			delete(open, ev.Session)
		}
		if missing := counted - reported; missing < 0 || missing > 4 || counted == 0 {
			t.Errorf("%s: %d of %d failures were reported", file, reported, counted)
		}
	}
}

// Exim's syslog has every failure twice. Where the captures are of the same
// attacks, they must come to the same as Exim's own log.
func TestEximCountsTheSameInSyslog(t *testing.T) {
	want := eximFailures(t, "exim-4.96")
	for _, file := range []string{"exim-4.96-syslog", "exim-4.96-syslog-bsd"} {
		same := 0
		for who, got := range eximFailures(t, file) {
			if n, both := want[who]; both && got != n {
				t.Errorf("%s: %d failures of %s, %d in Exim's own log", file, got, who, n)
			} else if both {
				same++
			}
		}
		if same < 15 {
			t.Errorf("%s: only %d of the same", file, same)
		}
	}
}

// eximFailures counts the failures of each address and user.
func eximFailures(t *testing.T, file string) map[string]int {
	t.Helper()
	var s Sessions
	failures := map[string]int{}
	for _, line := range readLines(t, "testdata/"+file+".log") {
		var ev policy.Event
		if Line(line, &ev) && s.Resolve(&ev) && ev.Kind == policy.AuthFail {
			failures[ev.Addr.String()+" "+string(ev.User)] += ev.Failures
		}
	}
	return failures
}
