package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/nft"
)

func TestOwnArguments(t *testing.T) {
	for _, want := range []ownLoad{
		{ownSetup: ownSetup{hook: nft.HookPrerouting}, outside: "net:[1]", file: "list"},
		{ownSetup: ownSetup{hook: nft.HookInput, plain: true}, outside: "net:[1]", file: "list"},
		{ownSetup: ownSetup{hook: nft.HookUFW, feed: true}, outside: "net:[1]", file: "list"},
	} {
		got, err := parseOwnLoad(want.args()[1:])
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(ownLoad{}, ownSetup{})); diff != "" {
			t.Error(diff)
		}
	}
}

// TestLoadOwnRefuses runs in the network of the tests, which must not change.
func TestLoadOwnRefuses(t *testing.T) {
	here, err := network()
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{here, ""} {
		l := ownLoad{ownSetup: ownSetup{hook: nft.HookInput}, outside: outside, file: "/nonexistent"}
		if err := loadOwn(l.args()[1:]); err == nil || !strings.Contains(err.Error(), "only into a namespace") {
			t.Errorf("outside is %q: got %v", outside, err)
		}
	}
}
