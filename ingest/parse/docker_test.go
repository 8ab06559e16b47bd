package parse

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

const recordTail = `,"stream":"stdout","time":"2026-11-23T15:22:23.517300123Z"}`

// inRecord makes the record of a line as Docker does, which encodes it with
// Go's own escapes.
func inRecord(t testing.TB, line string) []byte {
	t.Helper()
	text, err := json.Marshal(line + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(`{"log":` + string(text) + recordTail)
}

// The record of a line is the event of the line.
func TestRecordIsLine(t *testing.T) {
	r := NewReader(nil)
	for _, text := range append(forgeries, "alice", `a\b"c`, "é", "a\u2028b<>&", "\U0001f40c") {
		for _, shape := range shapes {
			// Docker cannot keep what is no UTF-8, and cuts at newlines itself.
			line := strings.ToValidUTF8(bsdHead+strings.ReplaceAll(shape, "%u", text), "\ufffd")
			var want, got policy.Event
			ok := Line([]byte(line), &want)
			if gotOK := r.Line(inRecord(t, line), &got); gotOK != ok {
				t.Errorf("%q: event %v in a record, %v outside", line, gotOK, ok)
			} else if diff := cmp.Diff(want, got, compareAddr); ok && diff != "" {
				t.Errorf("%q (-line +record):\n%s", line, diff)
			}
		}
	}
}

func TestRecords(t *testing.T) {
	const text = `"Nov 23 15:11:28 mx1 postfix/smtpd[7]: ` + failure
	for _, record := range []string{
		`{"log":` + text + `\n"` + recordTail,
		`{"log":` + text + `\r\n"` + recordTail,
		`{"log":` + text + `"` + recordTail,
		`{"log":` + text + `\u0062\/\ud83d\udc0c\ud83d\n"` + recordTail,
		`{"log":` + text + `\n","stream":"stderr","attrs":{"tag":"mail"},"time":"2026-11-23T15:22:23Z"}`,
		`{"log":"postfix/smtpd[7]: ` + failure + `\n"` + recordTail, // the record has the stamp
		`{"log":"2026-11-23T15:22:23Z mx1 postfix/smtpd[7]: ` + failure + `\n"` + recordTail,
	} {
		var ev policy.Event
		if !NewReader(nil).Line([]byte(record), &ev) || ev.Addr != client1 {
			t.Errorf("%s\ngot %+v", record, ev)
		}
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	const text = `"Nov 23 15:11:28 mx1 postfix/smtpd[7]: ` + failure
	for _, record := range []string{
		`{`,
		`{"log":`,
		`{"log":"`,
		`{"log":"\n","stream":"stdout"}`,
		`{"log":"` + failure + `\n"` + recordTail, // a bare message
		`{"log":` + text + `\n`,
		`{"log":` + text + `\`,
		`{"log":` + text + `\u12`,
		`{"log":` + text + `\ux000"` + recordTail,
		`{"log":` + text + `\x"` + recordTail,
		`{"log":` + text + `\n"`,
		`{"log":` + text + `" x`,
		`{"log":"x\n` + text[1:] + `\n"` + recordTail, // two lines
		`{"log":` + text + `\nx\n"` + recordTail,
		`{"stream":"stdout","log":` + text + `\n"}`,
		` {"log":` + text + `\n"` + recordTail,
		`[{"log":` + text + `\n"` + recordTail,
	} {
		var ev policy.Event
		if NewReader(nil).Line([]byte(record), &ev) {
			t.Errorf("%s\ngot %+v", record, ev)
		}
		if Line([]byte(record), &ev) {
			t.Errorf("%s\nis an event without a Reader", record)
		}
	}
}

// FuzzRecord compares the unescaping with that of encoding/json.
func FuzzRecord(f *testing.F) {
	f.Add("Nov 23 15:11:28 mx1 postfix/smtpd[7]: " + failure)
	f.Add("a\\\"\b\f\n\r\t/<>&\u2028\U0001f40c\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		line, _, ok := record([]byte(`{"log":`+string(encoded)+recordTail), nil)
		var want string
		if err := json.Unmarshal(encoded, &want); err != nil {
			t.Fatal(err)
		}
		want = strings.TrimSuffix(want, "\n")
		if ok == strings.Contains(want, "\n") || ok && string(line) != want {
			t.Errorf("%q: got %v %q", text, ok, line)
		}
	})
}
