package parse

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

func mustDetector(t testing.TB, c DetectorConfig) *Detector {
	t.Helper()
	d, err := NewDetector(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var webmail = DetectorConfig{
	Name: "webmail", Program: "roundcube", Kind: policy.AuthFail,
	Pattern: `^<[0-9a-z]+> Failed login for (?P<user>[^ ]*) from (?P<addr>[0-9a-f.:]+)(?: by (?P<mechanism>\w+))? in session`,
}

func detected(d DetectorConfig, user string) policy.Event {
	ev := policy.Event{
		Addr: client1, Kind: d.Kind, Service: policy.Detector, Failures: 1, Witness: policy.WitnessMTA,
		User: []byte(user), Detail: []byte(d.Name),
	}
	if d.Kind != policy.AuthFail {
		ev.Failures = 0
	}
	return ev
}

func TestDetector(t *testing.T) {
	r := NewReader([]*Detector{mustDetector(t, webmail)})
	full := detected(webmail, "al")
	full.Mechanism = []byte("PLAIN")
	full.Session = hash([]byte("roundcube"), []byte("7"))
	three := detected(webmail, "al")
	three.Failures = 3
	for line, want := range map[string]policy.Event{
		"roundcube: <1a2b> Failed login for al from 192.0.2.1 in session x":                              detected(webmail, "al"),
		"roundcube: <1a2b> Failed login for al from ::ffff:192.0.2.1 in session x\r":                     detected(webmail, "al"),
		"roundcube[7]: <1a2b> Failed login for al from 192.0.2.1 by PLAIN in session x":                  full,
		"roundcube: message repeated 3 times: [ <1a2b> Failed login for al from 192.0.2.1 in session x]": three,
	} {
		for _, head := range []string{isoHead, bsdHead} {
			var ev policy.Event
			if !r.Line([]byte(head+line), &ev) {
				t.Errorf("%s\nis no event", line)
			} else if diff := cmp.Diff(want, ev, compareAddr); diff != "" {
				t.Errorf("%s (-want +got):\n%s", line, diff)
			}
		}
	}
}

func TestDetectorReadsMessages(t *testing.T) {
	r := NewReader([]*Detector{mustDetector(t, webmail)})
	var ev policy.Event
	if !r.Message([]byte("roundcube"), nil, []byte("<1> Failed login for al from 192.0.2.1 in session x"), &ev) || ev.Addr != client1 {
		t.Errorf("got %+v", ev)
	}
}

// A detector gets the message of every kind of header.
func TestDetectorReadsEveryHeader(t *testing.T) {
	r := NewReader([]*Detector{mustDetector(t, webmail)})
	const text = "<1> Failed login for al from 192.0.2.1 in session x"
	for _, line := range []string{
		"<22>1 2026-11-23T15:22:23.517300+00:00 mx1 roundcube 1205 - - " + text,
		"<22>" + bsdHead + "roundcube: " + text,
		"webmail-1  | " + bsdHead + "roundcube: " + text,
		`{"log":"` + bsdHead + `roundcube: \u003c1\u003e` + strings.TrimPrefix(text, "<1>") + `\n","stream":"stdout","time":"2026-11-23T15:22:23.517300123Z"}`,
	} {
		var ev policy.Event
		if !r.Line([]byte(line), &ev) || ev.Addr != client1 || ev.Service != policy.Detector {
			t.Errorf("%s\ngot %+v", line, ev)
		}
	}
}

func TestLinesNoDetectorKnows(t *testing.T) {
	r := NewReader([]*Detector{mustDetector(t, webmail)})
	for _, line := range []string{
		"roundcube2: <1a2b> Failed login for al from 192.0.2.1 in session x",
		"roundcube: x <1a2b> Failed login for al from 192.0.2.1 in session x",
		"roundcube: <1a2b> Failed login for al from  in session x",
		"roundcube",
		"",
	} {
		var ev policy.Event
		if r.Line([]byte(bsdHead+line), &ev) {
			t.Errorf("%s\ngot %+v", line, ev)
		}
	}
	var ev policy.Event
	if r.Line([]byte("no header at all"), &ev) || r.Message(nil, nil, []byte("x"), &ev) {
		t.Errorf("got %+v", ev)
	}
}

// What the group named addr holds must be one whole address.
func TestDetectorTakesWholeAddresses(t *testing.T) {
	r := NewReader([]*Detector{mustDetector(t, webmail)})
	texts := []string{"192.0.2.256", "192.0.2.1.1", "192.0.2", "192.0.2.1:25", "::1::", "c0000201"}
	for _, text := range texts {
		var ev policy.Event
		if r.Line([]byte(bsdHead+"roundcube: <1> Failed login for al from "+text+" in session x"), &ev) {
			t.Errorf("%s is taken for %s", text, ev.Addr)
		}
		if ev.Service != policy.Detector {
			t.Errorf("%s is not counted as unread", text)
		}
	}
}

func TestDetectorsAreTriedInOrderAndLast(t *testing.T) {
	any := DetectorConfig{Name: "any", Program: "*", Kind: policy.Abuse, Pattern: `^[^\[]*\[(?P<addr>[0-9.]+)\]`}
	first := DetectorConfig{Name: "first", Program: "post*/smtpd", Kind: policy.AuthOK, Pattern: `^welcome \[(?P<addr>[0-9.]+)\]`}
	r := NewReader([]*Detector{mustDetector(t, first), mustDetector(t, any)})
	for line, want := range map[string]string{
		"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x": "auth_fail x",
		"postfix/smtpd[7]: welcome [192.0.2.1]":                                              "auth_ok first",
		"postfix/smtpd[7]: warning: something of [192.0.2.1]":                                "abuse any",
		"other: welcome [192.0.2.1]":                                                         "abuse any",
	} {
		var ev policy.Event
		if !r.Line([]byte(bsdHead+line), &ev) || ev.Kind.String()+" "+string(ev.Detail) != want {
			t.Errorf("%s\ngot %s %s, want %s", line, ev.Kind, ev.Detail, want)
		}
		if ev.Kind == policy.Abuse && ev.Witness != 0 {
			t.Errorf("abuse has the witness %d", ev.Witness)
		}
	}
}

func TestDetectorConfigs(t *testing.T) {
	for _, c := range []struct {
		change func(*DetectorConfig)
		err    string // part of it, none where it is good
	}{
		{func(*DetectorConfig) {}, ""},
		{func(c *DetectorConfig) { c.Pattern = `^(?:a|b) (?P<addr>.+)` }, ""},
		{func(c *DetectorConfig) { c.Pattern = `(?i)^x (?P<addr>\S+)` }, ""},
		{func(c *DetectorConfig) { c.Pattern = `^user .* from (?P<addr>\S+)$` }, ""},
		{func(c *DetectorConfig) { c.Pattern = `^user .* from (?P<addr>\S+) port \d{1,5}$` }, ""},
		{func(c *DetectorConfig) { c.Pattern = `^from (?P<addr>\S+) user .*` }, ""},
		{func(c *DetectorConfig) { c.Name = "" }, "it has no name"},
		{func(c *DetectorConfig) { c.Program = "" }, `or "*" for any`},
		{func(c *DetectorConfig) { c.Kind = policy.Session }, "write auth_fail, auth_ok or abuse"},
		{func(c *DetectorConfig) { c.Kind = 0 }, "write auth_fail, auth_ok or abuse"},
		{func(c *DetectorConfig) { c.Pattern = `^(` }, "compile its pattern"},
		{func(c *DetectorConfig) { c.Pattern = `` }, "does not begin with ^"},
		{func(c *DetectorConfig) { c.Pattern = `from (?P<addr>\S+)` }, "does not begin with ^"},
		{func(c *DetectorConfig) { c.Pattern = `^a (?P<addr>\S+)|b` }, "in ^(?:…|…)"},
		{func(c *DetectorConfig) { c.Pattern = `(?m)^a (?P<addr>\S+)` }, "does not begin with ^"},
		{func(c *DetectorConfig) { c.Pattern = `^from (\S+)` }, "no group for the address"},
		{func(c *DetectorConfig) { c.Pattern = `^user .* from (?P<addr>\S+)` }, `".*" before the address`},
		{func(c *DetectorConfig) { c.Pattern = `^user .* from (?P<addr>\S+) .*$` }, `".*" before the address`},
		{func(c *DetectorConfig) { c.Pattern = `^user (?:x|.+?) from (?P<addr>\S+) in` }, `".*" before the address`},
		{func(c *DetectorConfig) { c.Pattern = `^user .{1,20} from (?P<addr>\S+) in` }, `".*" before the address`},
		{func(c *DetectorConfig) { c.Pattern = `^user [\s\S]* from (?P<addr>\S+) in` }, `".*" before the address`},
	} {
		d := webmail
		c.change(&d)
		_, err := NewDetector(d)
		if c.err == "" && err != nil {
			t.Errorf("%+v: %v", d, err)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%+v: error %v, want one with %q", d, err, c.err)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"*", "", true},
		{"*", "x/y", true},
		{"a*", "a", true},
		{"a*c", "abbc", true},
		{"a*c", "abcd", false},
		{"a*b*c", "aXbYbZc", true},
		{"**", "a", true},
		{"postfix*/smtpd", "postfix/submission/smtpd", true},
		{"postfix*/smtpd", "postfix/smtpd2", false},
	} {
		if got := glob(c.pattern, []byte(c.text)); got != c.want {
			t.Errorf("glob(%q, %q) is %v", c.pattern, c.text, got)
		}
	}
}

// A client's text in front of the address cannot stand for it, whatever it is,
// in a pattern that was accepted for being tied to the line's end.
func FuzzDetectorTiedToTheEnd(f *testing.F) {
	d := webmail
	d.Pattern = `^user (?P<user>.*) from (?P<addr>\S+)$`
	r := NewReader([]*Detector{mustDetector(f, d)})
	for _, text := range forgeries {
		f.Add(text)
	}
	f.Add("x from 198.51.100.7")
	f.Fuzz(func(t *testing.T, user string) {
		var ev policy.Event
		if r.Line([]byte(bsdHead+"roundcube: user "+user+" from 192.0.2.1"), &ev) && ev.Addr != client1 {
			t.Errorf("%q: %s", user, ev.Addr)
		}
	})
}

func TestOtherProgramsCostADetectorNothing(t *testing.T) {
	r := NewReader([]*Detector{mustDetector(t, webmail), mustDetector(t, webmail)})
	var ev policy.Event
	for _, rest := range []string{"systemd[1]: Started Session 41 of user alice.", "roundcube: something else"} {
		line := []byte(isoHead + rest)
		if n := testing.AllocsPerRun(100, func() { r.Line(line, &ev) }); n != 0 {
			t.Errorf("%s: %v allocations", rest, n)
		}
	}
}

func BenchmarkDetector(b *testing.B) {
	r := NewReader([]*Detector{mustDetector(b, webmail)})
	for name, rest := range map[string]string{
		"other":   "systemd[1]: Started Session 41 of user alice.",
		"program": "roundcube: something else",
		"match":   "roundcube: <1a2b> Failed login for al from 192.0.2.1 in session x",
	} {
		b.Run(name, func(b *testing.B) {
			line := []byte(isoHead + rest)
			b.ReportAllocs()
			var ev policy.Event
			for b.Loop() {
				r.Line(line, &ev)
			}
		})
	}
}
