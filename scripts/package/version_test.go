package main

import (
	"os/exec"
	"testing"
)

func TestVersionOf(t *testing.T) {
	for described, want := range map[string]string{
		"v1.2.3-0-g4cf64be98dfe":           "1.2.3",
		"v1.2.3-4-g4cf64be98dfe":           "1.2.3+4.g4cf64be98dfe",
		"v1.2.3-0-g4cf64be98dfe-dirty":     "1.2.3+dirty",
		"v1.2.3-4-g4cf64be98dfe-dirty":     "1.2.3+4.g4cf64be98dfe.dirty",
		"v1.3.0-rc1-0-g4cf64be98dfe":       "1.3.0~rc1",
		"v1.3.0-rc1-12-g4cf64be98dfe":      "1.3.0~rc1+12.g4cf64be98dfe",
		"4cf64be98dfe":                     "0.0.0+542.g4cf64be98dfe",
		"4cf64be98dfe-dirty":               "0.0.0+542.g4cf64be98dfe.dirty",
		"v1.3.0-rc1-0-g4cf64be98dfe-dirty": "1.3.0~rc1+dirty",
	} {
		got, err := valid(versionOf(described, "542"))
		if err != nil || got != want {
			t.Errorf("versionOf(%q) = %q, %v, want %q", described, got, err, want)
		}
	}
}

func TestValid(t *testing.T) {
	for _, version := range []string{"", "unknown", "1.2-3", "1.2 3", "1:2", "v1"} {
		if _, err := valid(version); err == nil {
			t.Errorf("%q passes for a version", version)
		}
	}
}

// TestVersionsRise asks dpkg whether each commit's version is above the one
// before.
func TestVersionsRise(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("dpkg is not installed")
	}
	history := []string{
		"aaaaaaaaaaaa", "v0.9.0-0-gbbbbbbbbbbbb", "v0.9.0-3-gaaaaaaaaaaaa", "v0.9.0-12-gaaaaaaaaaaaa",
		"v1.0.0-rc1-0-gaaaaaaaaaaaa", "v1.0.0-rc1-1-gaaaaaaaaaaaa", "v1.0.0-rc2-0-gaaaaaaaaaaaa",
		"v1.0.0-0-gaaaaaaaaaaaa", "v1.0.0-1-gaaaaaaaaaaaa", "v1.0.1-0-gaaaaaaaaaaaa",
	}
	for i := 1; i < len(history); i++ {
		lower, higher := versionOf(history[i-1], "8"), versionOf(history[i], "9")
		if err := exec.CommandContext(t.Context(), dpkg, "--compare-versions", lower, "lt", higher).Run(); err != nil {
			t.Errorf("%s is not below %s: %v", lower, higher, err)
		}
	}
}
