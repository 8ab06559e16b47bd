package ingest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNamesInSeesEveryChange(t *testing.T) {
	dir := t.TempDir()
	want := func(n int, about string) {
		t.Helper()
		if names := namesIn(dir); len(names) != n {
			t.Errorf("%s: listed %v", about, names)
		}
	}
	want(0, "empty")
	must(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o600))
	want(1, "at once after a change")
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(dir, long, long))
	want(1, "settled")
	want(1, "settled, and known")
	must(t, os.WriteFile(filepath.Join(dir, "b"), nil, 0o600))
	want(2, "changed after it was settled")
	must(t, os.Remove(filepath.Join(dir, "b")))
	want(1, "changed again")
	if names := namesIn(filepath.Join(dir, "none")); names != nil {
		t.Errorf("listed %v in nothing", names)
	}
}
