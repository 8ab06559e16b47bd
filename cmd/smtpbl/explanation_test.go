package main

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

var (
	whyNow  = time.UnixMilli(1_700_000_000_000)
	whyAddr = netip.MustParsePrefix("198.51.100.7/32")
)

// standingOf is what an Engine tells of an address with n failures.
func standingOf(n int) *policy.Standing {
	return &policy.Standing{
		Prefix: whyAddr, Failures: n, Threshold: 5, More: 5 - n, NextBan: 8 * time.Hour, Bans: 1,
		Net: netip.MustParsePrefix("198.51.100.0/24"), NetThreshold: 5,
	}
}

func kernelBan(layer nft.Layer, prefix, set string, left time.Duration) nft.Ban {
	return nft.Ban{Layer: layer, Prefix: netip.MustParsePrefix(prefix), Set: set, Timeout: left, Remaining: left, Packets: 12, Bytes: 720}
}

func TestVerdicts(t *testing.T) {
	record := store.Record{
		Prefix: whyAddr, Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 2,
		At: whyNow.Add(-time.Hour), Until: whyNow.Add(time.Hour), Reason: "5 failed logins in 1m0s, ban 2",
	}
	everywhere := record
	everywhere.Step = policy.StepAll
	soft := standingOf(3)
	soft.Step, soft.Until = policy.StepSoft, whyNow.Add(time.Minute)
	known, atTheEdge := standingOf(8), standingOf(19)
	known.Known, known.More = 7, 4
	atTheEdge.Known, atTheEdge.More = 19, 1
	spared := standingOf(9)
	spared.Refusal = policy.RefusedSSH
	forgiven := standingOf(0)
	forgiven.Refusal = policy.RefusedPardon
	hour := whyNow.Add(time.Hour).Local().Format(time.DateTime)
	minute := whyNow.Add(time.Minute).Local().Format(time.DateTime)
	for name, tt := range map[string]struct {
		facts facts
		state whyState
		want  string
	}{
		"a stranger":     {facts{standing: &policy.Standing{Prefix: whyAddr, Threshold: 5}}, stateFree, "nothing is known of 198.51.100.7"},
		"nobody asked":   {facts{}, stateFree, "nothing is known of 198.51.100.7"},
		"some failures":  {facts{standing: standingOf(2)}, stateFree, "198.51.100.7 is not banned; 3 more failed logins would ban it for 8h0m"},
		"nearly":         {facts{standing: standingOf(4)}, stateFree, "198.51.100.7 is not banned; one more failed login would ban it for 8h0m"},
		"soft":           {facts{standing: soft}, stateSoft, "198.51.100.7 is on the soft step until " + minute + " (1m left): a mail server that asks turns it away; 2 more failed logins would ban it for 8h0m"},
		"known users":    {facts{standing: known}, stateFree, "198.51.100.7 is not banned; 4 more failed logins of other users would ban it for 8h0m"},
		"nearly known":   {facts{standing: atTheEdge}, stateFree, "198.51.100.7 is not banned; one more failed login of another user would ban it for 8h0m"},
		"spared":         {facts{standing: spared}, stateNeverBan, "198.51.100.7 is never banned: somebody is logged in from there by ssh"},
		"let through":    {facts{allowed: true, kernel: []nft.Ban{kernelBan(nft.LayerPolicy, "198.51.100.7/32", "ban4", time.Hour)}}, stateNeverBan, "198.51.100.7 is never banned: the configuration says so (never_ban), or nobody can come from there"},
		"pardoned":       {facts{allowed: true, pardoned: whyNow.Add(time.Hour)}, stateNeverBan, "198.51.100.7 is pardoned until " + hour + " (1h0m left)"},
		"also listed":    {facts{allowed: true, pardoned: whyNow.Add(time.Hour), refusal: policy.RefusedMyNetworks}, stateNeverBan, "198.51.100.7 is never banned: it is in Postfix's mynetworks"},
		"let in by hand": {facts{allowed: true, standing: forgiven}, stateNeverBan, "198.51.100.7 is never banned: it was pardoned"},
		"banned":         {facts{standing: standingOf(0), records: []store.Record{record}, kernel: []nft.Ban{kernelBan(nft.LayerPolicy, "198.51.100.7/32", "ban4", time.Hour)}}, stateBanned, "198.51.100.7 is banned at ports 25, 465, 587 until " + hour + " (1h0m left): 5 failed logins in 1m0s, ban 2"},
		"everywhere":     {facts{records: []store.Record{everywhere}, kernel: []nft.Ban{kernelBan(nft.LayerPolicy, "198.51.100.7/32", "ban4", time.Hour)}}, stateBanned, "198.51.100.7 is banned at all ports until " + hour + " (1h0m left): 5 failed logins in 1m0s, ban 2"},
		"not taken":      {facts{records: []store.Record{record}}, statePending, "198.51.100.7 is to be banned until " + hour + " (1h0m left), but the kernel has not taken the ban yet: 5 failed logins in 1m0s, ban 2"},
		"nobody's":       {facts{kernel: []nft.Ban{kernelBan(nft.LayerPolicy, "198.51.100.0/24", "ban4_24", time.Hour)}}, stateBanned, "198.51.100.7 is banned with 198.51.100.0/24 at ports 25, 465, 587 until " + hour + " (1h0m left): nobody here knows why"},
		"listed":         {facts{kernel: []nft.Ban{{Layer: nft.LayerFeed, Prefix: netip.MustParsePrefix("198.51.0.0/16"), Set: "feed4"}, kernelBan(nft.LayerPolicy, "198.51.100.7/32", "ban4", time.Hour)}}, stateBanned, "198.51.100.7 is banned with 198.51.0.0/16 at ports 25, 465, 587 as long as it is listed: a block list names it"},
		"banned earlier": {facts{past: []store.Record{{Prefix: whyAddr, Bans: 3, At: whyNow.Add(-2 * time.Hour), Until: whyNow.Add(-time.Hour)}}}, stateFree, "198.51.100.7 is not banned"},
	} {
		t.Run(name, func(t *testing.T) {
			f := tt.facts
			f.asked, f.now, f.ports = whyAddr, whyNow, []uint16{25, 465, 587}
			x := f.explain()
			x.finish(false)
			if diff := cmp.Diff(tt.want, x.Verdict); diff != "" || x.State != tt.state {
				t.Errorf("state %s, want %s; verdict (-want +got):\n%s", x.State, tt.state, diff)
			}
			var b bytes.Buffer
			if err := printWhy(&b, x); err != nil || !strings.HasPrefix(b.String(), tt.want+"\n") {
				t.Errorf("printed %v\n%s", err, b.String())
			}
		})
	}
}

// TestEveryRefusalHasWords, so that a new one is not told by its label.
func TestEveryRefusalHasWords(t *testing.T) {
	for _, r := range policy.Refusals {
		if text := refusalText(string(r)); text == string(r) {
			t.Errorf("%s has no words", r)
		}
	}
}

// evidenceOf makes what a Ring keeps of failures at some seconds.
func evidenceOf(t *testing.T, user string, at ...int) []byte {
	t.Helper()
	r := evidence.NewRing(false)
	for _, n := range at {
		r.Add(&policy.Event{
			Time: whyNow.Add(time.Duration(n) * time.Second), Addr: whyAddr.Addr(), Kind: policy.AuthFail,
			Failures: 1, User: []byte(user), Line: []byte("failed login of " + user),
		})
	}
	b, _ := r.Last(nil, whyAddr.Addr(), whyNow.Add(time.Hour), 1<<20)
	return b
}

// TestLinesOfSeveralSources has lines that both Judge and history know, equal
// lines that are two, and more than are told.
func TestLinesOfSeveralSources(t *testing.T) {
	f := facts{asked: whyAddr, now: whyNow, lines: evidenceOf(t, "alice", 3, 4, 4, 5), seen: 4, saved: []store.Evidence{
		{Prefix: whyAddr, At: whyNow, Seen: 4, Lines: evidenceOf(t, "alice", 1, 2, 3, 4)},
		{Prefix: whyAddr, At: whyNow, Seen: 2, Lines: []byte("damaged")},
	}}
	x := f.explain()
	var got []int
	for _, l := range x.Lines {
		got = append(got, int(l.At.Sub(whyNow)/time.Second))
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 4, 5}, got); diff != "" || x.Older {
		t.Errorf("older lines: %v, lines at (-want +got):\n%s", x.Older, diff)
	}
	if len(x.Users) != 1 || x.Users[0].Failures != 6 || !x.First.Equal(whyNow.Add(time.Second)) || !x.Last.Equal(whyNow.Add(5*time.Second)) {
		t.Errorf("users %+v, first %v, last %v", x.Users, x.First, x.Last)
	}
	f.saved[0].Seen = 7
	if !f.explain().Older {
		t.Error("that there were earlier lines is not told")
	}
}

// TestUsersAreMasked also where a line tells of the name of another one.
func TestUsersAreMasked(t *testing.T) {
	f := facts{asked: whyAddr, now: whyNow, lines: evidenceOf(t, "alice@example.com", 1), saved: []store.Evidence{
		{Prefix: whyAddr, At: whyNow, Lines: evidenceOf(t, "Alice@Example.com\x1b[2J", 2)},
	}}
	for users, want := range map[bool]string{false: "failed login of al…@e…", true: "failed login of alice@example.com"} {
		x := f.explain()
		x.finish(users)
		if x.Lines[0].Text != want {
			t.Errorf("users %v: line %q, want %q", users, x.Lines[0].Text, want)
		}
		for _, l := range x.Lines {
			if !users && strings.Contains(strings.ToLower(l.Text+l.User), "alice") || strings.Contains(l.Text, "\x1b") {
				t.Errorf("users %v: line %+q", users, l.Text)
			}
		}
	}
}

// TestANetIsNotAnAddress: what drops a host of it does not drop the net.
func TestANetIsNotAnAddress(t *testing.T) {
	f := facts{asked: netip.MustParsePrefix("198.51.100.0/24"), now: whyNow}
	err := f.askKernel(func(netip.Addr) ([]nft.Ban, bool, error) {
		return []nft.Ban{kernelBan(nft.LayerPolicy, "198.51.100.0/32", "ban4", time.Hour), kernelBan(nft.LayerManual, "198.51.0.0/16", "manual4_16", time.Hour)}, true, nil
	})
	if err != nil || len(f.kernel) != 1 || f.kernel[0].Set != "manual4_16" || f.allowed {
		t.Errorf("bans %+v, allowed %v, %v; want the wider one alone", f.kernel, f.allowed, err)
	}
}

// TestAListedAddressIsAskedOfTheHistoryToo: the history has no bans of block
// lists, and is not damaged for that.
func TestAListedAddressIsAskedOfTheHistoryToo(t *testing.T) {
	dir := t.TempDir()
	s, _, _, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	past := store.Record{Prefix: whyAddr, Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 1, At: whyNow, Until: whyNow.Add(time.Hour), Reason: "x"}
	if err := errors.Join(s.Put([]store.Record{past}), s.Close()); err != nil {
		t.Fatal(err)
	}
	f := &facts{asked: whyAddr, now: whyNow.Add(2 * time.Hour), kernel: []nft.Ban{
		{Layer: nft.LayerFeed, Prefix: netip.MustParsePrefix("198.51.100.0/24"), Set: "feed4_a"},
	}}
	if err := store.Ask(dir, f.askSaved); err != nil || len(f.records) != 0 || len(f.past) != 1 {
		t.Errorf("records %v, past %v, error %v; want what was before", f.records, f.past, err)
	}
}
