package monitoring

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runbook is where an alert says that help is to be found.
const runbook = "https://github.com/smtpbl/smtpbl/blob/main/docs/OPERATE.md#"

var (
	alertName   = regexp.MustCompile(`(?m)^\s+- alert: (\w+)$`)
	alertHelp   = regexp.MustCompile(`(?m)^\s+runbook_url: (\S+)$`)
	alertUrgent = regexp.MustCompile(`(?m)^\s+severity: (\w+)$`)
	sectionHead = regexp.MustCompile(`(?m)^### (\w+)\n\n(\w+)\. `)
)

// TestEveryAlertHasASection wants a section of docs/OPERATE.md for each alert, in
// the order of the rules, with the same severity, and that the alert leads there.
func TestEveryAlertHasASection(t *testing.T) {
	page, err := os.ReadFile("../../docs/OPERATE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## Alerts\n")
	if !found {
		t.Fatal("the page has no section Alerts")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	type alert struct{ Name, Severity, Help string }
	var want, got []alert
	names, help, urgent := alertName.FindAllSubmatch(Alerts, -1), alertHelp.FindAllSubmatch(Alerts, -1), alertUrgent.FindAllSubmatch(Alerts, -1)
	if len(names) == 0 || len(names) != len(help) || len(names) != len(urgent) {
		t.Fatalf("%d alerts have %d runbooks and %d severities", len(names), len(help), len(urgent))
	}
	for i := range names {
		want = append(want, alert{string(names[i][1]), string(urgent[i][1]), string(help[i][1])})
	}
	for _, head := range sectionHead.FindAllStringSubmatch(section, -1) {
		got = append(got, alert{head[1], strings.ToLower(head[2]), runbook + strings.ToLower(head[1])})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-rules +page):\n%s", diff)
	}
}
