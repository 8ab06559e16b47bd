package policy

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAbuse(t *testing.T) {
	counting := testConfig
	counting.CountAbuse = true
	for name, c := range map[string]struct {
		cfg    Config
		script string
		want   []string
	}{
		"is let pass by default": {testConfig, `
			0s abuse 192.0.2.1
			1s abuse 192.0.2.1
			2s abuse 192.0.2.1
			3s fail  192.0.2.1 n=2`, nil},
		"counts like a failed login": {counting, `
			0s abuse 192.0.2.1
			1s fail  192.0.2.1
			2s abuse 192.0.2.1`, []string{"2s" + ban1}},
		"is no other report of a failed login": {counting, `
			0s abuse 192.0.2.1
			1s fail  192.0.2.1 by=login
			1s fail  192.0.2.1 by=auth
			2s fail  192.0.2.1 by=policy u=al
			3s abuse 192.0.2.1`, []string{"3s" + ban1}},
		"is not told by a connection's summary": {counting, `
			0s abuse   192.0.2.1 s=7
			1s session 192.0.2.1 s=7 n=2`, []string{"1s" + ban1}},
		"an aborted login counts once": {counting, `
			0s abuse   192.0.2.1 s=7 x=1
			1s session 192.0.2.1 s=7 n=1
			2s fail    192.0.2.1 s=8
			3s fail    192.0.2.1 s=8`, []string{"3s" + ban1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(t, New(c.cfg, start), c.script)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReasonTellsAbuseApart(t *testing.T) {
	e := New(Config{Window: testConfig.Window, Threshold4: 3, BanTime: testConfig.BanTime, CountAbuse: true}, start)
	ev := Event{Time: start, Addr: addr4(1<<24 + 1), Kind: Abuse}
	out := e.Observe(&ev, nil)
	ev.Kind, ev.Witness, ev.Failures = AuthFail, WitnessMTA, 2
	out = e.Observe(&ev, out)
	if len(out) != 1 || out[0].Reason() != "2 failed logins and 1 other offence in 0s" {
		t.Errorf("decided %+v", out)
	}
}

func TestBanned(t *testing.T) {
	e := New(testConfig, start)
	play(t, e, `
		0s fail    192.0.2.1 n=3
		0s hold    198.51.100.0/25 until=5m
		0s hold    198.51.100.0/25 until=1m
		0s hold    203.0.113.7 until=5m
		0s hold    203.0.113.8 until=5m
		1s release 203.0.113.8
		0s exempt  198.51.100.9`)
	for addr, want := range map[string]bool{
		"192.0.2.1": true, "::ffff:192.0.2.1": true, "192.0.2.2": false,
		"198.51.100.1": true, "198.51.100.9": false, "198.51.100.200": false,
	} {
		if got := e.Banned(netip.MustParseAddr(addr), start); got != want {
			t.Errorf("%s is banned: %v", addr, got)
		}
	}
	if e.Banned(netip.MustParseAddr("192.0.2.1"), offset(t, "11m")) {
		t.Error("a ban does not end")
	}
}
