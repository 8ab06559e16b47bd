package monitoring

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/metrics/monitoring"
)

//go:embed testdata
var testdata embed.FS

// promtool runs it and returns what it prints.
func promtool(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// scenarios runs those of testdata on rules, laid out as in the project.
func scenarios(t *testing.T, rules []byte) (string, error) {
	t.Helper()
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "metrics/monitoring"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "metrics/monitoring/prometheus-alerts.yml"), rules, 0o600))
	dir := filepath.Join(root, "integration/monitoring")
	must(t, os.CopyFS(dir, testdata))
	files, err := filepath.Glob(filepath.Join(dir, "testdata/*_test.yml"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no scenarios")
	}
	return promtool(t, "", append([]string{"test", "rules"}, files...)...)
}

func TestRulesAreValid(t *testing.T) {
	world(t)
	file := filepath.Join(t.TempDir(), "alerts.yml")
	must(t, os.WriteFile(file, monitoring.Alerts, 0o600))
	if out, err := promtool(t, "", "check", "rules", file); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

// TestAlerts runs the scenarios. That they cover every alert is seen with rules
// that are spoilt: without any alert each must be missed, and with nothing but
// alerts each must be one too many.
func TestAlerts(t *testing.T) {
	rules := parsed(t)
	t.Run("as they are", func(t *testing.T) {
		if out, err := scenarios(t, monitoring.Alerts); err != nil {
			t.Errorf("promtool test rules: %v\n%s", err, out)
		}
	})
	for _, c := range []struct{ name, expr, side string }{
		{"never firing", "vector(1) > 2", "exp"},
		{"always firing", "vector(1)", "got"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := scenarios(t, spoilt(t, rules, c.expr))
			if err == nil {
				t.Fatalf("nothing is noticed:\n%s", out)
			}
			seen := alertsIn(out, c.side)
			for _, r := range rules {
				if !seen[r.Name] {
					t.Errorf("no scenario notices %s %s", r.Name, c.name)
				}
			}
		})
	}
}

// spoilt returns the rules with another expression in all of them. JSON is YAML.
func spoilt(t *testing.T, rules []rule, expr string) []byte {
	t.Helper()
	type alert struct {
		Alert       string            `json:"alert"`
		Expr        string            `json:"expr"`
		For         string            `json:"for"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	}
	group := struct {
		Name  string  `json:"name"`
		Rules []alert `json:"rules"`
	}{Name: "spoilt"}
	for _, r := range rules {
		group.Rules = append(group.Rules, alert{r.Name, expr, fmt.Sprintf("%.0fs", r.Duration), r.Labels, r.Annotations})
	}
	text, err := json.Marshal(map[string]any{"groups": []any{group}})
	must(t, err)
	return text
}

var alertName = regexp.MustCompile(`alertname="(\w+)"`)

// alertsIn finds the alerts that promtool names on one side of its differences,
// "exp" or "got".
func alertsIn(out, side string) map[string]bool {
	seen := map[string]bool{}
	at := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		for _, s := range []string{"exp", "got"} {
			if strings.HasPrefix(line, s+":") {
				at = s
			}
		}
		if at != side {
			continue
		}
		for _, m := range alertName.FindAllStringSubmatch(line, -1) {
			seen[m[1]] = true
		}
	}
	return seen
}
