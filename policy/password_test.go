package policy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPasswords has what tells a person who repeats one wrong password from
// somebody who guesses.
func TestPasswords(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"one password counts once": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			10m fail 192.0.2.1 by=policy u=bob p=7
			20m fail 192.0.2.1 by=policy u=bob p=7
			30m fail 192.0.2.1 by=policy u=bob p=7
			31m fail 192.0.2.1 n=2`, []string{"31m0s" + ban1}},
		"many passwords count fully": {`
			0s fail 192.0.2.1 by=policy u=bob p=7
			1s fail 192.0.2.1 by=policy u=bob p=8
			2s fail 192.0.2.1 by=policy u=bob p=9`, []string{"2s" + ban1}},
		"one password for many users counts fully": {`
			0s fail 192.0.2.1 by=policy u=ann p=7
			1s fail 192.0.2.1 by=policy u=bob p=7
			2s fail 192.0.2.1 by=policy u=eve p=7`, []string{"2s" + ban1}},
		"unknown passwords count fully": {`
			0s fail 192.0.2.1 by=policy u=bob
			1s fail 192.0.2.1 by=policy u=bob
			2s fail 192.0.2.1 by=policy u=bob`, []string{"2s" + ban1}},
		"only the policy report tells a password": {`
			0s fail 192.0.2.1 by=login u=bob p=7
			1s fail 192.0.2.1 by=login u=bob p=7
			2s fail 192.0.2.1 by=login u=bob p=7`, []string{"2s" + ban1}},
		"after the window it counts again": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			60m fail 192.0.2.1 by=policy u=bob p=7
			61m fail 192.0.2.1 by=policy u=bob p=7
			62m fail 192.0.2.1 n=2`, []string{"1h2m0s" + ban1}},
		"other witnesses of a repetition, after the report": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			2s  fail 192.0.2.1 s=3
			60s fail 192.0.2.1 by=policy u=bob p=7
			60s fail 192.0.2.1 by=auth u=bob
			62s fail 192.0.2.1 s=3
			63s fail 192.0.2.1 by=login u=bob
			63s session 192.0.2.1 n=2 s=3
			64s fail 192.0.2.1 u=eve n=2`, []string{"1m4s" + ban1}},
		"other witnesses of a repetition, before the report": {`
			0s  fail 192.0.2.1 s=3
			2s  fail 192.0.2.1 by=policy u=bob p=7
			60s fail 192.0.2.1 by=auth u=bob
			62s fail 192.0.2.1 u=bob s=3
			63s fail 192.0.2.1 by=policy u=bob p=7
			64s fail 192.0.2.1 u=eve
			65s fail 192.0.2.1 u=eve`, []string{"1m5s" + ban1}},
		"what led to a ban is not taken back": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			1m  fail 192.0.2.1 u=eve
			5m  fail 192.0.2.1 u=bob
			5m  fail 192.0.2.1 by=policy u=bob p=7
			15m fail 192.0.2.1 n=2`, []string{"5m0s" + ban1}},
		"a database's line waits for the report that tells a repetition": {`
			0m  fail 192.0.2.1 by=auth u=bob
			0m  fail 192.0.2.1 by=policy u=bob p=7
			10m fail 192.0.2.1 by=auth u=bob
			10m fail 192.0.2.1 by=policy u=bob p=8
			20m fail 192.0.2.1 by=auth u=bob
			20m fail 192.0.2.1 by=policy u=bob p=8
			30m fail 192.0.2.1 by=auth u=bob
			30m fail 192.0.2.1 by=policy u=bob p=9`, []string{"30m0s" + ban1}},
		"a database's line does not wait long": {`
			0m  fail 192.0.2.1 by=policy u=bob p=7
			10m fail 192.0.2.1 by=auth u=bob
			20m fail 192.0.2.1 by=auth u=bob
			21m fail 192.0.2.1 by=auth u=bob`, []string{"21m0s" + ban1}},
		"nor where the mail server tells it too": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			10m fail 192.0.2.1 by=auth u=eve
			10m fail 192.0.2.1 u=eve
			20m fail 192.0.2.1 by=auth u=eve
			20m fail 192.0.2.1 u=eve`, []string{"20m0s" + ban1}},
		"nor where no reports come": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			25h fail 192.0.2.1 by=auth u=eve n=3`, []string{"25h0m0s" + ban1}},
		"a report does not take back another user's failure": {`
			0s fail 192.0.2.1 by=policy u=bob p=7
			5m fail 192.0.2.1 u=eve
			5m fail 192.0.2.1 by=policy u=bob p=7
			6m fail 192.0.2.1 u=eve`, []string{"6m0s" + ban1}},
		"a summary alone tells the repetition": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			60s fail 192.0.2.1 by=policy u=bob p=7
			62s session 192.0.2.1 n=1 s=4
			63s fail 192.0.2.1 u=eve
			64s session 192.0.2.1 n=1 s=4`, []string{"1m4s" + ban1}},
		"a summary before the report": {`
			0s  fail 192.0.2.1 by=policy u=bob p=7
			60s session 192.0.2.1 n=1 s=4
			62s fail 192.0.2.1 by=policy u=bob p=7
			63s fail 192.0.2.1
			64s fail 192.0.2.1`, []string{"1m4s" + ban1}},
		"a login process that tells late": {`
			0s   fail 192.0.2.1 by=policy u=bob p=7
			60s  fail 192.0.2.1 by=policy u=bob p=7
			120s fail 192.0.2.1 by=policy u=bob p=7
			180s fail 192.0.2.1 by=login u=bob n=3 in=180
			181s fail 192.0.2.1 u=eve n=2`, []string{"3m1s" + ban1}},
		"a login that works forgives the password, not a neighbour's": {`
			0s fail 192.0.2.1 by=policy u=bob p=7
			0s fail 192.0.2.1 by=policy u=ann p=8
			1m fail 192.0.2.1 by=policy u=bob p=7
			1m fail 192.0.2.1 by=policy u=ann p=8
			1m ok   192.0.2.1 by=policy u=bob
			1m fail 192.0.2.1 by=auth u=ann
			1m fail 192.0.2.1 by=auth u=bob
			2m fail 192.0.2.1 by=policy u=bob p=7
			3m fail 192.0.2.1 by=policy u=bob p=9`, []string{"3m0s" + ban1}},
		"a verdict that a login works outweighs a miss": {`
			0s fail 192.0.2.1 by=auth u=bob
			0s ok   192.0.2.1 by=policy u=bob
			1m fail 192.0.2.1 by=auth u=eve n=3`, nil},
		"a verdict that it failed is no miss": {`
			0s fail 192.0.2.1 by=auth u=bob
			0s fail 192.0.2.1 by=policy u=bob p=7
			1s ok   192.0.2.1 u=bob
			1m fail 192.0.2.1 by=auth u=eve n=2
			2m fail 192.0.2.1 by=login u=eve`, []string{"2m0s" + ban1}},
		"PAM and the others are one failure": {`
			0s fail 192.0.2.1 by=pam u=bob
			0s fail 192.0.2.1 by=policy u=bob p=7
			2s fail 192.0.2.1 by=mta
			9s fail 192.0.2.1 by=pam u=bob n=2`, []string{"9s" + ban1}},
		"PAM is no password database that may be contradicted": {`
			0s fail 192.0.2.1 by=pam u=bob
			1s session 192.0.2.1 ok=1 s=9
			2s fail 192.0.2.1 by=pam u=eve n=2`, []string{"2s" + ban1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(t, New(testConfig, start), c.script)); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnyOrderOfReports has three attempts with one password, each told by
// three witnesses in each order of them, and wants one failure to count.
func TestAnyOrderOfReports(t *testing.T) {
	reports := []string{"by=policy u=bob p=7", "by=auth u=bob", "by=mta"}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var script strings.Builder
		for attempt := range 3 {
			for place, i := range order {
				fmt.Fprintf(&script, "%ds fail 192.0.2.1 %s\n", 5*attempt+place, reports[i])
			}
		}
		e := New(testConfig, start)
		got := play(t, e, script.String()+"20s fail 192.0.2.1 u=eve\n21s fail 192.0.2.1 u=eve")
		if diff := cmp.Diff([]string{"21s" + ban1}, got); diff != "" {
			t.Errorf("order %v: decisions (-want +got):\n%s", order, diff)
		}
	}
}

// TestAConstantPhoneStaysSmall repeats a password every minute for a day.
func TestAConstantPhoneStaysSmall(t *testing.T) {
	e := New(testConfig, start)
	ev := &Event{Kind: AuthFail, Addr: addr4(0xc0000201), Witness: WitnessPolicy, User: []byte("bob"), Password: 7}
	for i := range 24 * 60 {
		ev.Time = start.Add(time.Duration(i) * time.Minute)
		if out := e.Observe(ev, nil); len(out) > 0 {
			t.Fatalf("banned after %s", ev.Time.Sub(start))
		}
	}
	sound(t, e)
	most := 2 + int(repeatAge/time.Minute)
	if n := e.records.at(e.find(keyOf(ev.Addr), ofHost)).n; int(n) > most {
		t.Errorf("%d entries are kept, want %d at most", n, most)
	}
}

func TestPasswordsSurviveARestart(t *testing.T) {
	old := New(testConfig, start)
	play(t, old, `
		0s  fail 192.0.2.1 by=policy u=bob p=7
		90s fail 192.0.2.1 by=policy u=bob p=7`)
	e := New(testConfig, start.Add(time.Minute))
	if err := e.Load(bytes.NewReader(snapshotOf(t, old))); err != nil {
		t.Fatal(err)
	}
	got := play(t, e, `
		100s fail 192.0.2.1
		5m   fail 192.0.2.1 by=policy u=bob p=7
		6m   fail 192.0.2.1 by=policy u=bob p=8
		7m   fail 192.0.2.1 by=policy u=bob p=9`)
	if diff := cmp.Diff([]string{"7m0s" + ban1}, got); diff != "" {
		t.Errorf("decisions after loading (-want +got):\n%s", diff)
	}
}
