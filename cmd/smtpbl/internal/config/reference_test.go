package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReferenceIsTheDefault(t *testing.T) {
	got, err := Parse("smtpbl.toml", []byte(Reference()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got, byValue); diff != "" {
		t.Errorf("the reference file (-default +file):\n%s", diff)
	}
}

// TestReferenceExplainsEveryKey wants every key in the file, in the order of
// the table, each with a comment right above it.
func TestReferenceExplainsEveryKey(t *testing.T) {
	entries := parseDocument([]byte(Reference())).entries
	got := make([]string, 0, len(entries))
	for _, e := range entries {
		got = append(got, strings.Join(e.path, "."))
		above := strings.Split(Reference()[:e.keyAt.start], "\n")
		if len(above) < 2 || !strings.HasPrefix(above[len(above)-2], "#") {
			t.Errorf("%s has no comment above it", got[len(got)-1])
		}
	}
	want := make([]string, 0, len(keys))
	for _, k := range keys {
		want = append(want, k.path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of the reference file (-want +got):\n%s", diff)
	}
}
