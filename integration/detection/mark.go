package main

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/smtpbl/smtpbl/policy"
)

// A mark says how a program did with a row.
type mark string

const (
	// right is the right address, or silence where nothing is to be counted.
	right mark = "ok"
	// missed is a failed login that is not seen.
	missed mark = "miss"
	// counted is a line counted that must not count.
	counted mark = "FALSE"
	// spoofed is an address that somebody wrote into the line.
	spoofed mark = "SPOOF"
	// mistaken is another wrong address, or a wrong event.
	mistaken mark = "WRONG"
	// passed is a line left alone that anybody may leave alone.
	passed mark = "-"
	// unable is a program without patterns for the server.
	unable mark = "n/a"
)

// marks is the order in which they are summed up.
var marks = []mark{right, missed, counted, spoofed, mistaken, passed, unable}

// written is the network of addresses that somebody wrote into a line.
var written = netip.MustParsePrefix("198.51.100.0/24")

// judge compares the addresses that a program blames with what should happen.
func judge(want string, blamed []netip.Addr) mark {
	if slices.ContainsFunc(blamed, written.Contains) {
		return spoofed
	}
	culprit, must := verdict(want)
	switch {
	case len(blamed) == 0 && must:
		return missed
	case len(blamed) == 0 && culprit.IsValid():
		return passed
	case len(blamed) == 0:
		return right
	case !culprit.IsValid():
		return counted
	case slices.ContainsFunc(blamed, func(a netip.Addr) bool { return a != culprit }):
		return mistaken
	}
	return right
}

// verdict returns who may be blamed, if anybody, and whether he must be: for a
// failure he must, for abuse he may.
func verdict(want string) (culprit netip.Addr, must bool) {
	if want == either {
		return netip.MustParseAddr("192.0.2.1"), false
	}
	kind, rest, _ := strings.Cut(want, " ")
	addr, count, _ := strings.Cut(rest, " ")
	must = kind == policy.AuthFail.String() || kind == policy.Session.String() && count != "×0"
	if must || kind == policy.Abuse.String() {
		culprit = netip.MustParseAddr(addr)
	}
	return culprit, must
}

// judgeOurs compares events with what should happen; they must be the same.
func judgeOurs(want, got string) mark {
	if want == either {
		want = nothing
	}
	switch {
	case got == want:
		return right
	case got == "":
		return missed
	case want == "":
		return counted
	case strings.Contains(got, " 198.51.100."):
		return spoofed
	}
	return mistaken
}
