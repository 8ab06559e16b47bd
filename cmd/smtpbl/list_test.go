package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
)

// TestBansAreListedInOneOrder, however the service gave them.
func TestBansAreListedInOneOrder(t *testing.T) {
	want := []control.Ban{
		{Addr: "198.51.100.7", Set: "all4"},
		{Addr: "198.51.100.7", Set: "ban4"},
		{Addr: "198.51.100.7", Set: "manual4"},
		{Addr: "198.51.100.20", Set: "all4"},
	}
	for key, order := range sortKeys {
		got := slices.Clone(want)
		slices.Reverse(got)
		sortBans(got, order)
		by := slices.Clone(want)
		slices.SortStableFunc(by, func(x, y control.Ban) int { return order(&x, &y) })
		if diff := cmp.Diff(by, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", key, diff)
		}
	}
}
