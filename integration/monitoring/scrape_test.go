package monitoring

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/metrics/monitoring"
)

// attack writes lines of a mail log, some of each kind that a panel shows, and
// knocks from an address that they ban.
func attack(t *testing.T, l *lab.Lab) {
	t.Helper()
	banned, lifted := lab.AttackNet4.Addr().Next(), lab.AttackNet4.Addr().Next().Next()
	var text strings.Builder
	say := func(times int, line string, args ...any) {
		for range times {
			fmt.Fprintf(&text, time.Now().Format(time.Stamp)+" mx1 "+line+"\n", args...)
		}
	}
	const failed = "postfix/smtpd[7]: warning: unknown[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"
	say(5, failed, banned)
	say(5, failed, lifted)
	say(5, failed, "127.0.0.1")
	say(2, "postfix/smtpd[8]: warning: unknown[unknown]: SASL LOGIN authentication failed: UGFzc3dvcmQ6")
	say(1, "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<alice>, method=PLAIN, rip=%s, lip=192.0.2.25, session=<a>",
		lab.AttackNets4.Addr().Next())
	f, err := os.OpenFile(lab.MailLog, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString(text.String())
	must(t, errors.Join(err, f.Close()))
	for _, addr := range []netip.Addr{banned, lifted} {
		must(t, lab.Until(addr.String()+" is banned", startWait, func() error {
			yes, err := l.Checked(addr.String())
			if err == nil && !yes {
				err = errors.New("it is not")
			}
			return err
		}))
	}
	_, err = l.Smtpbl("set", "del", lifted.String())
	must(t, err)
	silent, err := l.Attacker.Dropped(banned, lab.PortSMTP)
	must(t, err)
	if !silent {
		t.Fatalf("%s is answered", banned)
	}
}

// TestMetricsAreWellFormed has promtool check a real scrape.
func TestMetricsAreWellFormed(t *testing.T) {
	l := world(t)
	serve(t, l)
	attack(t, l)
	page, err := l.MetricsPage()
	must(t, err)
	if out, err := promtool(t, page, "check", "metrics"); err != nil || out != "" {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// TestHistoryFailing puts a directory where the history should be.
func TestHistoryFailing(t *testing.T) {
	l := world(t)
	for _, want := range []float64{0, 1} {
		s := serve(t, l)
		m, err := l.Metrics()
		must(t, err)
		if got := m.Sum("smtpbl_history_failing"); got != want {
			t.Errorf("smtpbl_history_failing is %v, want %v", got, want)
		}
		must(t, s.Stop(t.Context()))
		history := filepath.Join(lab.StateDir, "history.db")
		must(t, os.RemoveAll(history))
		must(t, os.Mkdir(history, 0o700))
	}
}

// TestPrometheusSeesTheService attacks a service that Prometheus scrapes: every
// panel shows something, every rule reads series that exist, and only what
// happens is alerted.
func TestPrometheusSeesTheService(t *testing.T) {
	l := world(t)
	s := serve(t, l)
	p := watch(t, l)
	must(t, p.await(t, `smtpbl_build_info`)) // before the attack, so that it is an increase
	attack(t, l)

	for _, expr := range panelExpressions(t) {
		for _, sel := range selectors(expr) {
			if !strings.Contains(sel, `job=~".+"`) || !strings.Contains(sel, `instance=~".+"`) {
				t.Errorf("the dashboard reads %s of any job or instance", sel)
			}
		}
		if err := p.await(t, expr); err != nil {
			t.Errorf("the dashboard shows nothing: %v", err)
		}
	}
	// Somebody failed from this machine itself.
	must(t, p.await(t, `ALERTS{alertname="SmtpblOwnAddressFails", alertstate="firing"}`))
	rules, err := p.rules(t.Context())
	must(t, err)
	for _, r := range rules {
		for _, sel := range selectors(r.Query) {
			if err := p.await(t, sel); err != nil {
				t.Errorf("%s reads what is not there: %v", r.Name, err)
			}
		}
		expected := "inactive"
		if r.Name == "SmtpblOwnAddressFails" {
			expected = "firing"
		}
		if r.Health != "ok" || r.State != expected {
			t.Errorf("%s is %s, want %s; %s %s", r.Name, r.State, expected, r.Health, r.LastError)
		}
	}
	must(t, s.Stop(t.Context()))
	must(t, p.await(t, `ALERTS{alertname="SmtpblDown", alertstate="pending"}`))
}

// await waits until an expression gives at least one series.
func (p *prometheus) await(t *testing.T, expr string) error {
	return lab.Until("there is data", startWait, func() error {
		n, err := p.query(t.Context(), expr)
		if err == nil && n == 0 {
			err = fmt.Errorf("no series for %s", expr)
		}
		return err
	})
}

// panelExpressions returns those of the dashboard as Grafana would send them
// when all is chosen.
func panelExpressions(t *testing.T) []string {
	t.Helper()
	var d struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	must(t, json.Unmarshal(monitoring.Dashboard, &d))
	fill := strings.NewReplacer("$job", ".+", "$instance", ".+", "$__rate_interval", "30s")
	var all []string
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			all = append(all, fill.Replace(target.Expr))
		}
	}
	if len(all) == 0 {
		t.Fatal("the dashboard has no expressions")
	}
	return all
}
