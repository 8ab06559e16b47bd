package main

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestJudge(t *testing.T) {
	client, typed, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.9"), netip.MustParseAddr("203.0.113.25")
	for _, tt := range []struct {
		name, want string
		blamed     []netip.Addr
		mark       mark
	}{
		{"failure seen", failed, []netip.Addr{client}, right},
		{"failure missed", failed, nil, missed},
		{"several failures", failed + " ×3", []netip.Addr{client, client, client}, right},
		{"our address blamed", failed, []netip.Addr{other}, mistaken},
		{"both blamed", failed, []netip.Addr{client, other}, mistaken},
		{"typed address blamed", failed, []netip.Addr{client, typed}, spoofed},
		{"typed address blamed for nothing", nothing, []netip.Addr{typed}, spoofed},
		{"nothing", nothing, nil, right},
		{"nothing counted", nothing, []netip.Addr{client}, counted},
		{"success counted", accepted, []netip.Addr{client}, counted},
		{"own fault counted", fault, []netip.Addr{client}, counted},
		{"own fault left alone", fault, nil, right},
		{"failures only at the end", "session 192.0.2.1 ×2", nil, missed},
		{"no failures at the end", "session 192.0.2.1 ×0", nil, right},
		{"success at the end counted", "session 192.0.2.1 ×0", []netip.Addr{client}, counted},
		{"abuse left alone", abused, nil, passed},
		{"abuse seen", abused, []netip.Addr{client}, right},
		{"wrong one abused", abused, []netip.Addr{other}, mistaken},
		{"either left alone", either, nil, passed},
		{"either counted", either, []netip.Addr{client}, right},
	} {
		if got := judge(tt.want, tt.blamed); got != tt.mark {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.mark)
		}
	}
}

func TestJudgeOurs(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		mark      mark
	}{
		{failed, failed, right},
		{nothing, "", right},
		{either, "", right},
		{either, failed, counted},
		{failed, "", missed},
		{nothing, failed, counted},
		{failed, failed + " ×2", mistaken},
		{failed, failed + " as exim", mistaken},
		{failed, "auth_fail 198.51.100.9", spoofed},
		{failed, abused, mistaken},
	} {
		if got := judgeOurs(tt.want, tt.got); got != tt.mark {
			t.Errorf("%q for %q: got %s, want %s", tt.got, tt.want, got, tt.mark)
		}
	}
}

func TestReadBlame(t *testing.T) {
	lines := []string{"a line", "another\r"}
	got, err := readBlame("192.0.2.1 a line\n192.0.2.2 another\n192.0.2.3 a line\n", lines)
	want := blame{"a line": {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.3")}, "another": {netip.MustParseAddr("192.0.2.2")}}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, out := range []string{"192.0.2.1 a line of another log\n", "a line\n", "\n"} {
		if _, err := readBlame(out, lines); err == nil {
			t.Errorf("%q was read", out)
		}
	}
}

func TestReadAnnotated(t *testing.T) {
	got, err := readAnnotated([]string{"260 192.0.2.1 4 10", "260 2001:db8::1 6 10"}, []string{"  quiet", "* one\r", "  * quiet", "* two"})
	want := blame{"one": {netip.MustParseAddr("192.0.2.1")}, "two": {netip.MustParseAddr("2001:db8::1")}}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, attackers := range [][]string{nil, {"260"}, {"260 mail.example 4 10"}} {
		if _, err := readAnnotated(attackers, []string{"* one"}); err == nil {
			t.Errorf("%q were read", attackers)
		}
	}
}
