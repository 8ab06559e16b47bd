package main

import (
	"testing"
	"time"
)

func TestTooSlow(t *testing.T) {
	b := &bench{tables: newTables(), each: map[string]time.Duration{"slow": time.Millisecond}}
	for _, tt := range []struct {
		way  string
		n    int
		want bool
	}{
		{"slow", 60_000, false},
		{"slow", 60_001, true},
		{"never tried", 1_000_000, false},
	} {
		if got := b.tooSlow(&way{name: tt.way}, tt.n); got != tt.want {
			t.Errorf("%s, %d: got %t", tt.way, tt.n, got)
		}
	}
	if got := b.loadTimes.Rows[0].Missing["60,001"]; got != "too slow" {
		t.Errorf("the table says %q", got)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
