package machine

import (
	"regexp"
	"runtime"
	"testing"
)

func TestDescribe(t *testing.T) {
	want := regexp.MustCompile(`^.+, \d+ cores usable, Linux \d+\.\d+.*, ` + regexp.QuoteMeta(runtime.Version()) + `$`)
	if got := Describe(); !want.MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestLoad(t *testing.T) {
	if got := Load(); !regexp.MustCompile(`^\d+\.\d+$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}
