package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Those who failed before a flood of addresses that fail once each are still
// known after it, though it is ten times what is remembered.
func TestFlood(t *testing.T) {
	s := settings(nil)[1]
	s.Config.MaxTracked = 20_000
	for _, six := range []bool{false, true} {
		f := &flooded{Each: 1, IPv6: six, Events: 200_000}
		if err := f.run(s); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, s := range f.Sentries {
			got[s.About] = s.Remembered
		}
		want := map[string]int{"1 failure before": 0, "2 failures before": 100, "4 failures before": 100, "one an hour": 100, "one a minute": 100}
		if six {
			delete(want, "4 failures before")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("IPv6: %v: remembered (-want +got):\n%s", six, diff)
		}
	}
}
