package monitoring

import (
	"strings"
	"testing"
)

// parsed returns the rules as Prometheus reads them.
func parsed(t *testing.T) []rule {
	t.Helper()
	rules, err := watch(t, world(t)).rules(t.Context())
	must(t, err)
	if len(rules) == 0 {
		t.Fatal("no rules")
	}
	return rules
}

// runbook is where each alert has a section of its own.
const runbook = "https://github.com/smtpbl/smtpbl/blob/main/docs/OPERATE.md#"

// TestAlertsAreActionable wants everything that somebody needs who is woken.
func TestAlertsAreActionable(t *testing.T) {
	severities := map[string]bool{"critical": true, "warning": true, "info": true}
	for _, r := range parsed(t) {
		if r.Type != "alerting" || !strings.HasPrefix(r.Name, "Smtpbl") || !severities[r.Labels["severity"]] {
			t.Errorf("%s is of type %s and severity %q", r.Name, r.Type, r.Labels["severity"])
		}
		if r.Annotations["summary"] == "" || len(r.Annotations["description"]) < 80 {
			t.Errorf("%s does not say what to do", r.Name)
		}
		if got, want := r.Annotations["runbook_url"], runbook+strings.ToLower(r.Name); got != want {
			t.Errorf("%s has the runbook %s, want %s", r.Name, got, want)
		}
	}
}
