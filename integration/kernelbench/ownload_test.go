package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/nft"
)

func TestOwnArguments(t *testing.T) {
	for _, want := range []ownSetup{
		{hook: nft.HookPrerouting},
		{hook: nft.HookInput, plain: true},
		{hook: nft.HookUFW, feed: true},
	} {
		got, file, err := parseOwn(append(want.args(), "list"))
		if err != nil || file != "list" {
			t.Errorf("got file %q, %v", file, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(ownSetup{})); diff != "" {
			t.Error(diff)
		}
	}
}

// TestLoadOwnRefuses runs in the network of its parent, which it must not
// change.
func TestLoadOwnRefuses(t *testing.T) {
	err := loadOwn(append(ownSetup{hook: nft.HookInput}.args(), "/nonexistent"))
	if err == nil || !strings.Contains(err.Error(), "only into a namespace") {
		t.Errorf("got %v", err)
	}
}
