package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of the faults")

func TestFaultsOfBadFiles(t *testing.T) {
	files := list(t, "testdata/*.bad.toml")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Parse(filepath.Base(file), read(t, file))
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("Parse() = %v, want Faults", err)
			}
			golden := strings.TrimSuffix(file, ".toml") + ".want"
			got := faults.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, golden)), got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGoodFilesSurviveTOML(t *testing.T) {
	for _, file := range list(t, "testdata/*.good.toml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := Parse(file, read(t, file))
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse("again", cfg.TOML())
			if err != nil {
				t.Fatalf("Parse(TOML()): %v", err)
			}
			if diff := cmp.Diff(cfg, again, byValue); diff != "" {
				t.Errorf("Parse(TOML()) (-want +got):\n%s", diff)
			}
		})
	}
}

func list(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(%s) = %v, %v", pattern, files, err)
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
