// Package man_test checks the manual page against the program.
package man_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

const page = "smtpbl.8"

// TestEveryKeyIsDescribed wants each configuration key in the page, with its
// default.
func TestEveryKeyIsDescribed(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for line := range strings.Lines(string(config.Default().TOML())) {
		key, value, found := strings.Cut(strings.TrimSpace(line), " = ")
		if !found {
			continue
		}
		keys++
		if want := "\n.It Cm " + key + " No = " + macro(value) + "\n"; !strings.Contains(string(data), want) {
			t.Errorf("the page lacks%s", want)
		}
	}
	if keys == 0 {
		t.Error("the default configuration shows no keys")
	}
}

// macro writes a value as the page does: Dq puts the quotes, and its argument
// needs quotes of its own where it has spaces.
func macro(value string) string {
	text := strings.Trim(value, `"`)
	switch {
	case text == value:
		return value
	case text == "":
		return `Dq \&`
	case strings.Contains(text, " "):
		return "Dq " + value
	}
	return "Dq " + text
}

// TestMandocFindsNoFault runs mandoc's lint. That a page refers to another one
// which this machine lacks is no fault.
func TestMandocFindsNoFault(t *testing.T) {
	tool, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc is not installed")
	}
	out, _ := exec.CommandContext(t.Context(), tool, "-T", "lint", page).Output() // its status tells the level, its output the faults
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "referenced manual not found") {
			t.Error(strings.TrimSpace(line))
		}
	}
}
