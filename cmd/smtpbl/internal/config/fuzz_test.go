package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse wants every file either to be a configuration that reads back, or
// to have faults that point into it.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatalf("Glob() = %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(Reference()))
	f.Add([]byte("a = [\xff\r\n"))
	f.Add([]byte("\"\u1170")) // the fault is in the middle of a character
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse("fuzz.toml", data)
		if err == nil {
			again, wrong := Parse("again.toml", cfg.TOML())
			if wrong != nil {
				t.Fatalf("Parse(TOML()): %v", wrong)
			}
			if diff := cmp.Diff(cfg, again, byValue); diff != "" {
				t.Fatalf("Parse(TOML()) (-want +got):\n%s", diff)
			}
			return
		}
		var faults Faults
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("Parse() = %v, want Faults", err)
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, fault := range faults {
			checkPlace(t, fault, lines)
		}
		if !utf8.ValidString(faults.Error()) {
			t.Errorf("Error() is not UTF-8: %q", faults.Error())
		}
	})
}

func checkPlace(t *testing.T, f Fault, lines int) {
	t.Helper()
	width := utf8.RuneCountInString(f.Source)
	switch {
	case f.Line < 1 || f.Line > lines:
		t.Errorf("line %d of %d: %s", f.Line, lines, f.Message)
	case f.Column < 1 || f.Column > width+1:
		t.Errorf("column %d of %d: %s", f.Column, width, f.Message)
	case f.Width < 1 || f.Column-1+f.Width > max(width, f.Column):
		t.Errorf("%d characters marked from column %d of %d: %s", f.Width, f.Column, width, f.Message)
	case f.Message == "":
		t.Error("a fault without a message")
	}
}
