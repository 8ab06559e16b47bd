package parse

import (
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// What containers' tools, the syslogs of other systems and forwarders put
// before a message, or into its header.
var rareHeads = []string{
	"Nov 23 15:11:28.123456 mx1 postfix/smtpd[7]: ",
	"Nov 23 15:11:28 <mail.warning> mx1 postfix/smtpd[7]: ",
	"Nov 23 15:11:28 <2.4> mx1 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.150+00:00 warning postfix/smtpd[7]: ",
	"Nov 23 15:11:28 mx1 postfix/smtpd[7]: [ID 197553 mail.warning] ",
	"Nov 23 15:11:28 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23Z postfix/smtpd[7]: ",
	"2026-11-23 15:22:23 mx1 postfix/smtpd[7]: ",
	"2026-11-23 15:22:23.5 mx1 postfix/smtpd[7]: ",
	"@4000000067424f0a1dcd6500 mx1 postfix/smtpd[7]: ",
	"@4000000067424f0a1dcd6500 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.517300123Z Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.517300123Z 2026-11-23T15:11:28+01:00 mx1 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.517300123+01:00 Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.517300123Z postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.517300123Z stdout F Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
	"2026-11-23T15:22:23.517300123+01:00 stderr F postfix/smtpd[7]: ",
	"postfix-1  | Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
	"mail_postfix_1 | 2026-11-23T15:11:28+01:00 mx1 postfix/smtpd[7]: ",
	"postfix-1  | 2026-11-23T15:22:23.517300123Z Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
	"<20>Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
	"<20>Nov 23 15:11:28 postfix/smtpd[7]: ",
	"<4>2026-11-23T15:22:23.517300+00:00 mx1 postfix/smtpd[7]: ",
	"<20>1 2026-11-23T15:22:23.517300+00:00 mx1 postfix/smtpd 7 - - ",
	"<20>1 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - -  ",
	"<20>1 2026-11-23T15:22:23Z - postfix/smtpd 7 ID47 - \ufeff",
	"<20>1 - - postfix/smtpd 7 - - ",
	`<20>1 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - [meta seq="7" x="] \" - "][o@32473] `,
}

// Every header says the same about the connection.
func TestRareHeaders(t *testing.T) {
	var usual policy.Event
	if !Line([]byte(bsdHead+"postfix/smtpd[7]: "+failure), &usual) {
		t.Fatal("no event")
	}
	for _, head := range rareHeads {
		var ev policy.Event
		if !Line([]byte(head+failure), &ev) || ev.Addr != client1 || ev.Session != usual.Session || string(ev.User) != "a" {
			t.Errorf("%q: got %+v", head, ev)
		}
	}
}

// The lines of every server may stand behind every header.
func TestRareHeadersOfEveryServer(t *testing.T) {
	for _, text := range shapes {
		text = strings.ReplaceAll(text, "%u", "al")
		tag, msg, _ := strings.Cut(text, ": ")
		if strings.HasPrefix(msg, "message repeated ") { // rsyslog's own
			continue
		}
		program, pid := splitTag([]byte(tag))
		if pid == nil {
			pid = []byte("-")
		}
		for _, head := range rareHeads {
			head = strings.Replace(head, "postfix/smtpd[7]: ", tag+": ", 1)
			head = strings.Replace(head, "postfix/smtpd 7 ", string(program)+" "+string(pid)+" ", 1)
			var ev policy.Event
			if !Line([]byte(head+msg), &ev) || ev.Addr.String() != truth {
				t.Errorf("%s%s: got %+v", head, msg, ev)
			}
		}
	}
}

// metalog names no process, and its stamp is what stamp_fmt says.
func TestMetalog(t *testing.T) {
	for _, c := range []struct{ line, user string }{
		{"[postfix/smtpd] " + failure, "a"},
		{"[exim] login authenticator failed for [192.0.2.1]: 535 Incorrect authentication data (set_id=al)", "al"},
		{"[dovecot] auth: sql(al,192.0.2.1): unknown user", "al"},
		{"[imapd] LOGIN FAILED, user=al, ip=[::ffff:192.0.2.1]", "al"},
		{"[dovecot-auth(pam_unix)] authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=al rhost=192.0.2.1  user=al", "al"},
	} {
		for _, stamp := range []string{"Nov 23 15:11:28 ", "2026-11-23T15:11:28+0100 "} {
			var ev policy.Event
			if !Line([]byte(stamp+c.line), &ev) || ev.Addr != client1 || string(ev.User) != c.user {
				t.Errorf("%s%s: got %+v", stamp, c.line, ev)
			}
		}
	}
	for _, head := range []string{"[postfix/smtpd]", "[postfix/smtpd]: ", "[] ", "[postfix/smtpd ", "[", "[a] postfix/smtpd[7]: "} {
		var ev policy.Event
		if Line([]byte("Nov 23 15:11:28 "+head+failure), &ev) {
			t.Errorf("%q: got %+v", head, ev)
		}
	}
}

// rsyslog's format for forwarding cuts the tag off after 32 bytes.
func TestCutTag(t *testing.T) {
	for _, head := range []string{
		"<20>Nov 23 15:11:28 mx1 postfix/submission/smtpd[893647] ",
		"<20>Nov 23 15:11:28 mx1 postfix/submissions/smtpd[893647 ",
	} {
		var ev policy.Event
		if !Line([]byte(head+failure), &ev) || ev.Addr != client1 || ev.Session == 0 {
			t.Errorf("%q: got %+v", head, ev)
		}
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	for _, head := range []string{
		"",
		"postfix/smtpd[7]: ",
		"mx1 postfix/smtpd[7]: ",
		"Nov 23 15:11:28 mx1 postfix/smtpd[7] ",
		"Nov 23 15:11:28 mx1 postfix/smtpd ",
		"Nov 23 15:11:28.1234567890 mx1 postfix/smtpd[7]: ",
		"Nov 23 15:11:28. mx1 postfix/smtpd[7]: ",
		"Nov 23 15:11:28 <2.4> <2.4> mx1 postfix/smtpd[7]: ",
		"Nov 23 15:11:28 <2.4 mx1 postfix/smtpd[7]: ",
		"Nov 23 15:11:28 Nov 23 15:11:28 mx1 postfix/smtpd[7]: ", // no container's stamp
		"Nov 23 15:11:28 mx1 postfix/smtpd[7]: [ID x mail.warning] ",
		"Nov 23 15:11:28 mx1 postfix/smtpd[7]: [ID 1 mail.warning]",
		"Nov 23 15:11:28 mx1 postfix/submissions/smtpd(893647 ",
		"2026-11-23T15:22:23Z stdout P Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"2026-11-23T15:22:23Z stdout F ",
		"2026-11-23T15:22:23Z stdout F mx1 postfix/smtpd[7]: ",
		"@4000000067424f0a1dcd650 mx1 postfix/smtpd[7]: ",
		"@4000000067424f0a1dcd650X mx1 postfix/smtpd[7]: ",
		"@4000000067424f0a1dcd6500",
		"<>Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"<2000>Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"<20Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"<20>postfix/smtpd[7]: ",
		"<20>2 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - - ",
		"<20>1 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - ",
		"<20>1 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - [x ",
		`<20>1 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - [x y="] `,
		"<20>1 2026-11-23T15:22:23Z mx1 postfix/smtpd 7 - [x]",
		"<20>1  mx1 postfix/smtpd 7 - - ",
		"| Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"postfix 1 | Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"postfix-1 |Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"postfix-1 | a | Nov 23 15:11:28 mx1 postfix/smtpd[7]: ",
		"postfix-1 | postfix/smtpd[7]: ",
	} {
		var ev policy.Event
		if line := head + failure; Line([]byte(line), &ev) {
			t.Errorf("%q: got %+v", head, ev)
		}
	}
}

// Dovecot's own log has many stamps, and Dovecot 1 wrote the level first.
func TestDovecotOwnHeaders(t *testing.T) {
	for _, head := range []string{
		"2026-07-31T01:40:25 ", "2026-07-31T01:40:25+0200 ", "2026-07-31 01:40:25.123 ", "@4000000067424f0a1dcd6500 ",
		"Jul 31 01:40:25 Info: ", "dovecot: Jul 31 01:40:25 Info: ", "dovecot: 2026-07-31 01:40:25 ",
		"dovecot-1  | Jul 31 01:40:25 ", "2026-11-23T15:22:23Z Jul 31 01:40:25 ", "2026-11-23T15:22:23Z 2026-07-31T01:40:25 ",
		"2026-11-23T15:22:23Z stderr F Jul 31 01:40:25 ",
	} {
		checkShapes(t, head, policy.Dovecot, loginShapes)
		checkShapes(t, head, policy.Dovecot, authShapes[6:14])
	}
}
