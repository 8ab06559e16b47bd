package ingest

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func docker(stream, text string) string {
	return `{"log":"` + text + `","stream":"` + stream + `","time":"2026-11-24T10:00:00.123456789Z"}`
}

func cri(stream, text string) string { return "2026-11-24T10:00:00.123456789Z " + stream + " " + text }

// Each line of a container's log, and whether it is a line of its own.
var pieceCases = map[string][]struct {
	line  string
	whole bool
}{
	"docker": {
		{docker("stdout", `a\n`), true},
		{docker("stdout", `GET /aaaa`), false},
		{docker("stdout", `postfix/smtpd[1]: x\n`), false},
		{docker("stdout", `a\n`), true},
	},
	"docker, three pieces": {
		{docker("stdout", `a`), false}, {docker("stdout", `b`), false}, {docker("stdout", `c\n`), false}, {docker("stdout", `d\n`), true},
	},
	"docker, both streams": {
		{docker("stdout", `GET`), false},
		{docker("stderr", `not found\n`), true},
		{docker("stdout", `postfix/smtpd[1]: x\n`), false},
		{docker("stderr", `x`), false},
		{docker("stdout", `a\n`), true},
		{docker("stderr", `y\n`), false},
	},
	"docker, a piece that ends like a line": {
		{docker("stdout", `GET /\\n`), false},
		{docker("stdout", `b\n`), false},
		{docker("stdout", `\\\n`), true},
		{docker("stdout", `n`), false},
		{docker("stdout", `\n`), false},
		{docker("stdout", `GET /\",\"stream\":\"stderr\",\"x\":\"`), false},
		{docker("stdout", `b\n`), false},
	},
	"docker, with labels": {
		{`{"log":"a","stream":"stdout","attrs":{"tag":"x"},"time":"2026-11-24T10:00:00Z"}`, false},
		{`{"log":"a\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-11-24T10:00:00Z"}`, false},
		{`{"log":"a\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-11-24T10:00:00Z"}`, true},
	},
	"Kubernetes": {
		{cri("stdout", "F a"), true},
		{cri("stdout", "P GET /aaaa"), false},
		{cri("stderr", "F b"), true},
		{cri("stdout", "F postfix/smtpd[1]: x"), false},
		{cri("stdout", "F "), true},
		{"2026-11-24T10:00:00.123456789+01:00 stderr P x", false},
		{"2026-11-24T10:00:00.123456789+01:00 stderr F", false},
	},
	"others": {
		{"", true},
		{"{", true},
		{`{"log":"a`, true},
		{`{"a":"b","stream":"stdout"}`, true},
		{"2026-11-24T10:00:00.123456789Z", true},
		{"2026-11-24T10:00:00.123456789Z stdout", true},
		{"2026-11-24T10:00:00.123456789Z mx postfix/smtpd[1]: x", true},
		{"Nov 24 10:00:00 mx postfix/smtpd[1]: x", true},
		{"2026-11-24 10:00:00 login authenticator failed for [192.0.2.1]: x", true},
	},
}

func TestPieces(t *testing.T) {
	for name, lines := range pieceCases {
		var p pieces
		for i, c := range lines {
			if got := !p.torn([]byte(c.line)); got != c.whole {
				t.Errorf("%s, line %d, %s: whole %v, want %v", name, i+1, c.line, got, c.whole)
			}
		}
	}
}

// TestPiecesOfAnyStamp has a piece with each stamp that Go writes (RFC3339Nano, which
// drops zeros at the end of a second's fraction).
func TestPiecesOfAnyStamp(t *testing.T) {
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 5400), time.FixedZone("", -3600)} {
		for digits, nano := 0, 0; digits < 10; digits, nano = digits+1, nano+int(math.Pow10(8-digits)) {
			stamp := time.Date(2026, 11, 24, 10, 0, 0, nano, zone).Format(time.RFC3339Nano)
			for _, stream := range []string{"stdout", "stderr"} {
				var p pieces
				if line := stamp + " " + stream + " P GET / HTTP/1.1"; !p.torn([]byte(line)) {
					t.Errorf("whole: %s", line)
				}
				if line := stamp + " " + stream + " F x"; !p.torn([]byte(line)) || p.torn([]byte(line)) {
					t.Errorf("not the last piece: %s", line)
				}
			}
		}
	}
}

// A scan reads blocks at the same time, each of which may begin in a line's midst.
func TestPiecesOfBlocks(t *testing.T) {
	var log bytes.Buffer
	var want []string
	for i := range 40 {
		head := docker("stdout", strings.Repeat("a", 16<<10))
		rest := docker("stdout", fmt.Sprintf(`postfix/smtpd[%d]: x\n`, i))
		next := docker("stdout", fmt.Sprintf(`line %d\n`, i))
		fmt.Fprintf(&log, "%s\n%s\n%s\n%s\n", head, docker("stderr", `e\n`), rest, next)
		want = append(want, "", docker("stderr", `e\n`), "", next)
	}
	for _, goroutines := range []int{1, 3} {
		var got []string
		first := func(b *Block[[]string]) {
			b.Made = b.Made[:0]
			b.Each(func(line []byte) { b.Made = append(b.Made, string(line)) })
		}
		firsts := make([]func(*Block[[]string]), goroutines)
		for i := range firsts {
			firsts[i] = first
		}
		x := NewBlocks(firsts, func(b *Block[[]string]) { got = append(got, b.Made...) })
		if _, err := x.Read(bytes.NewReader(log.Bytes())); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d goroutines (-want +got):\n%.2000s", goroutines, diff)
		}
	}
}

// Docker rotates its files between any two records.
func TestPiecesAcrossRotation(t *testing.T) {
	path := logPath(t)
	r := run(t, FileConfig{Path: path})
	write(t, path, docker("stdout", `a\n`)+"\n"+docker("stdout", "GET")+"\n")
	r.want(t, true, docker("stdout", `a\n`))
	must(t, os.Rename(path, path+".1"))
	write(t, path, docker("stdout", `postfix/smtpd[1]: x\n`)+"\n"+docker("stdout", `b\n`)+"\n")
	r.want(t, true, docker("stdout", `b\n`))
}

func TestPiecesInJournal(t *testing.T) {
	const entry = `{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1795514400000000","_UID":"0","_TRANSPORT":"journal","CONTAINER_NAME":"mail",`
	const docker, podman = `"_EXE":"/usr/bin/dockerd",`, `"_EXE":"/usr/bin/conmon",`
	k := &keeper{sink: newSink()}
	r := newJournalReader(NewJournal(JournalConfig{Containers: []string{"mail"}}), k)
	for _, rest := range []string{
		docker + `"PRIORITY":"6","CONTAINER_PARTIAL_ID":"1","CONTAINER_PARTIAL_MESSAGE":"true","MESSAGE":"GET"}`,
		docker + `"PRIORITY":"6","CONTAINER_PARTIAL_ID":"1","CONTAINER_PARTIAL_LAST":"true","MESSAGE":"postfix/smtpd[1]: docker"}`,
		docker + `"PRIORITY":"6","MESSAGE":"postfix/smtpd[1]: a"}`,
		podman + `"PRIORITY":"6","CONTAINER_PARTIAL_MESSAGE":"true","MESSAGE":"GET"}`,
		podman + `"PRIORITY":"3","MESSAGE":"postfix/smtpd[1]: b"}`,
		podman + `"PRIORITY":"6","MESSAGE":"postfix/smtpd[1]: podman"}`,
		podman + `"PRIORITY":"6","MESSAGE":"postfix/smtpd[1]: c"}`,
	} {
		r.take([]byte(entry + rest))
	}
	want := []string{"postfix/smtpd|1|a", "postfix/smtpd|1|b", "postfix/smtpd|1|c"}
	if diff := cmp.Diff(want, k.lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
