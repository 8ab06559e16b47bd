package lab

import (
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": time.Second, "4": 4 * time.Second, "1": time.Second, "0": time.Second, "-3": time.Second, "long": time.Second,
	} {
		t.Setenv(patienceVar, value)
		if got := Patience(time.Second); got != want {
			t.Errorf("%s=%q: a second becomes %s, want %s", patienceVar, value, got, want)
		}
	}
}
