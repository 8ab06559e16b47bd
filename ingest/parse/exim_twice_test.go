package parse

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/smtpbl/smtpbl/policy"
)

// counted returns what the events of lines come to, one text for each event.
func counted(lines []string) (events []string) {
	var s Sessions
	for _, line := range lines {
		var ev policy.Event
		if Line([]byte(line), &ev) && s.Resolve(&ev) {
			events = append(events, fmt.Sprintf("%s %s %s %d", ev.Addr, ev.Kind, ev.User, ev.Failures+ev.Excused))
		}
	}
	return events
}

func TestEximTellsSyslogTwice(t *testing.T) {
	const (
		al   = bsdHead + "exim[7]: " + login42 + "[192.0.2.1]: " + eximBad + " (set_id=al)"
		bob  = bsdHead + "exim[7]: " + login42 + "[192.0.2.1]: " + eximBad + " (set_id=bob)"
		next = bsdHead + "exim[8]: " + login42 + "[192.0.2.1]: " + eximBad + " (set_id=al)"
		gone = bsdHead + "exim[7]: " + login42 + "[192.0.2.1]: 501 Authentication cancelled"
		drop = bsdHead + "exim[7]: SMTP connection from (x) [192.0.2.1] closed by DROP in ACL"
		more = bsdHead + "exim[7]: message repeated %d times: [ " + login42 + "[192.0.2.1]: " + eximBad + " (set_id=al)]"
		file = "2026-11-23 15:22:23 [7] " + login42 + "[192.0.2.1]: " + eximBad + " (set_id=al)"
		als  = "192.0.2.1 auth_fail al 1"
		bobs = "192.0.2.1 auth_fail bob 1"
	)
	var others, otherEvents []string
	for n := range maxBetween + 1 {
		others = append(others, fmt.Sprintf("%sexim[%d]: %s[192.0.2.9]: %s", bsdHead, 100+n, login42, eximBad))
		otherEvents = append(otherEvents, "192.0.2.9 auth_fail  1")
	}
	for name, c := range map[string]struct{ lines, want []string }{
		"one attempt":                 {[]string{al, al}, []string{als}},
		"two attempts":                {[]string{al, al, al, al}, []string{als, als}},
		"two users":                   {[]string{al, al, bob, bob}, []string{als, bobs}},
		"two users, told once":        {[]string{al, bob, al, bob}, []string{als, bobs, als, bobs}},
		"two connections":             {[]string{al, next, al, next, next}, []string{als, als, als}},
		"the second half lost":        {[]string{al, bob, bob}, []string{als, bobs}},
		"summed up by rsyslog":        {[]string{al, fmt.Sprintf(more, 7)}, []string{als, "192.0.2.1 auth_fail al 3"}},
		"summed up, one lost":         {[]string{al, fmt.Sprintf(more, 2), al}, []string{als, als}},
		"summed up after another one": {[]string{bob, fmt.Sprintf(more, 3), al}, []string{bobs, "192.0.2.1 auth_fail al 2"}},
		"too far away":                {append(append([]string{al}, others...), al), append(append([]string{als}, otherEvents...), als)},
		"aborted":                     {[]string{gone, gone}, []string{"192.0.2.1 abuse  1"}},
		"abuse":                       {[]string{drop, drop}, []string{"192.0.2.1 abuse  0"}},
		"Exim's own log":              {[]string{file, file}, []string{als, als}},
	} {
		if diff := cmp.Diff(c.want, counted(c.lines)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A message that repeats another is no event, and not one that went unread.
func TestEximTwinIsNotUnread(t *testing.T) {
	var s Sessions
	for i, want := range []policy.Service{policy.Exim, 0} {
		var ev policy.Event
		ok := Line([]byte(bsdHead+"exim[7]: "+login42+"[192.0.2.1]: "+eximBad), &ev) && s.Resolve(&ev)
		if ok != (i == 0) || ev.Service != want {
			t.Errorf("message %d: %v of %v", i+1, ok, ev.Service)
		}
	}
}

func TestEximTwinsAllocateNothing(t *testing.T) {
	line := []byte(bsdHead + "exim[7]: " + login42 + "(x) [192.0.2.1]: " + eximBad + " (set_id=al)")
	var s Sessions
	var ev policy.Event
	s.Resolve(&policy.Event{Session: 1, Addr: client1})
	if n := testing.AllocsPerRun(10, func() {
		if Line(line, &ev) {
			s.Resolve(&ev)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
