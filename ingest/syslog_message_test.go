package ingest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The first three of rsyslog and the one without text have the shape that
// rsyslog 8.2302 was seen to send; the others follow from the templates' and
// the RFCs' definitions.
func TestSyslogMessage(t *testing.T) {
	type parts struct{ Stamp, Tag, PID, Text string }
	const iso = "2026-11-24T00:27:04.797348+00:00"
	tests := []struct {
		name, message string
		want          parts
	}{
		{
			"rsyslog, RSYSLOG_ForwardFormat", "<22>" + iso + " mx1 postfix/smtpd[123]: warning: unknown[192.0.2.7]: x",
			parts{iso, "postfix/smtpd", "123", "warning: unknown[192.0.2.7]: x"},
		},
		{
			"rsyslog, RSYSLOG_TraditionalForwardFormat", "<22>Nov 24 00:27:04 mx1 dovecot: auth: text",
			parts{"Nov 24 00:27:04", "dovecot", "", "auth: text"},
		},
		{
			"rsyslog, tag without its colon", "<22>" + iso + " mx1 postfix/submission/smtpd[893647] connect from unknown[192.0.2.7]",
			parts{iso, "postfix/submission/smtpd", "893647", "connect from unknown[192.0.2.7]"},
		},
		{
			"rsyslog, tag without its bracket", "<22>" + iso + " mx1 postfix/submissions/smtpd[893647 connect from unknown[192.0.2.7]",
			parts{iso, "postfix/submissions/smtpd", "893647", "connect from unknown[192.0.2.7]"},
		},
		{
			"rsyslog, RSYSLOG_SyslogProtocol23Format", "<22>1 " + iso + " mx1 postfix/smtpd 123 - -  warning: text\n",
			parts{iso, "postfix/smtpd", "123", "warning: text"},
		},
		{"rsyslog, no text", "<22>" + iso + " mx1 postfix/smtpd[12]: ", parts{iso, "postfix/smtpd", "12", ""}},
		{
			"RFC 5424, data and byte order mark", "<22>1 2026-11-24T00:27:04+00:00 mx1 postfix/smtpd 12 - [meta sequenceId=\"1\" x=\"]\\\"\"][b] \xef\xbb\xbftext",
			parts{"2026-11-24T00:27:04+00:00", "postfix/smtpd", "12", "text"},
		},
		{"libc", "<22>Nov  4 00:27:04 dovecot[7]: text", parts{"Nov  4 00:27:04", "dovecot", "7", "text"}},
		{"no stamp", "<22>exim4[7]: text", parts{"", "exim4", "7", "text"}},
		{"binary", "<22>Nov 24 00:27:04 mx1 exim[1]: a\xff\x01b\x00", parts{"Nov 24 00:27:04", "exim", "1", "a\xff\x01b"}},
		{"no process", "<22>1 - - exim - - - text", parts{"-", "exim", "", "text"}},
		{"no text", "<22>1 - - exim - - -", parts{"-", "exim", "", ""}},
		{"bracket in a name", "<22>Nov 24 00:27:04 mx1 a[b]: text", parts{"Nov 24 00:27:04", "a[b]", "", "text"}},
		{"highest priority", "<191>Nov 24 00:27:04 mx1 a: text", parts{"Nov 24 00:27:04", "a", "", "text"}},
		{"priority too high", "<192>Nov 24 00:27:04 mx1 a: text", parts{}},
		{"priority too long", "<0022>Nov 24 00:27:04 mx1 a: text", parts{}},
		{"empty priority", "<>Nov 24 00:27:04 mx1 a: text", parts{}},
		{"no priority", "Nov 24 00:27:04 mx1 a: text", parts{}},
		{"no tag", "<22>Nov 24 00:27:04 mx1 text alone", parts{}},
		{"no tag and no stamp", "<22>text alone", parts{}},
		{"a host that is too much without a stamp", "<22>mx1 a: text", parts{}},
		{"a long word that is no tag, no stamp", "<22>" + strings.Repeat("x", cutTag) + " text", parts{}},
		{"unknown program", "<22>1 - - - - - - text", parts{}},
		{"open data", `<22>1 - - exim - - [a b="c]" text`, parts{}},
		{"no blank behind the data", "<22>1 - - exim - - [a]text", parts{}},
		{"no data", "<22>1 - - exim - -", parts{}},
		{"other data", "<22>1 - - exim - - text", parts{}},
		{"empty", "", parts{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var m syslogMessage
			ok := m.decode([]byte(test.message))
			if want := test.want != (parts{}); ok != want {
				t.Fatalf("decoded: %v, want %v", ok, want)
			}
			got := parts{string(m.stamp), string(m.tag), string(m.pid), string(m.text)}
			if diff := cmp.Diff(test.want, got); ok && diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestContainerLine(t *testing.T) {
	tests := []struct{ line, tag, pid, text string }{
		{"Nov 24 10:00:00 mail postfix/smtpd[1]: text", "", "", "Nov 24 10:00:00 mail postfix/smtpd[1]: text"},
		{"2026-11-24T10:00:00+00:00 mail exim[1]: text", "", "", "2026-11-24T10:00:00+00:00 mail exim[1]: text"},
		{"postfix/smtpd[1]: text: more", "postfix/smtpd", "1", "text: more"},
		{"dovecot: auth: text", "dovecot", "", "auth: text"},
		{"a line of no program", "", "", "a line of no program"},
		{": text", "", "", ": text"},
		{"", "", "", ""},
	}
	for _, test := range tests {
		tag, pid, text := containerLine([]byte(test.line))
		if string(tag) != test.tag || string(pid) != test.pid || string(text) != test.text {
			t.Errorf("%q: tag %q, process %q, text %q", test.line, tag, pid, text)
		}
	}
}

// Whatever comes, the text is the message's own end: nothing is made up, and
// nothing that stands before the text becomes a part of it.
func FuzzSyslogMessage(f *testing.F) {
	f.Add([]byte("<22>Nov 24 00:27:04 mx1 postfix/smtpd[1]: text"))
	f.Add([]byte("<22>2026-11-24T00:27:04.797348+00:00 mx1 postfix/submission/smtpd[893647] text"))
	f.Add([]byte(`<22>1 2026-11-24T00:27:04Z mx1 a 1 - [b c="\"]"] text`))
	f.Fuzz(func(t *testing.T, message []byte) {
		var m syslogMessage
		if !m.decode(message) {
			return
		}
		if len(m.tag) == 0 || bytes.ContainsRune(m.tag, ' ') || bytes.ContainsRune(m.pid, ' ') {
			t.Fatalf("tag %q, process %q", m.tag, m.pid)
		}
		trimmed := bytes.TrimRight(message, "\r\n\x00")
		if !bytes.HasSuffix(trimmed, m.text) || !bytes.Contains(trimmed[:len(trimmed)-len(m.text)], m.tag) {
			t.Fatalf("tag %q and text %q of %q", m.tag, m.text, message)
		}
	})
}

func BenchmarkSyslogMessage(b *testing.B) {
	for name, message := range map[string]string{
		"3164": "<22>2026-11-24T00:27:04.797348+00:00 mx1 postfix/smtpd[123]: warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: x",
		"5424": "<22>1 2026-11-24T00:27:04.797348+00:00 mx1 postfix/smtpd 123 - - warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: x",
	} {
		b.Run(name, func(b *testing.B) {
			var m syslogMessage
			text := []byte(message)
			b.ReportAllocs()
			for b.Loop() {
				if !m.decode(text) {
					b.Fatal("refused")
				}
			}
		})
	}
}
