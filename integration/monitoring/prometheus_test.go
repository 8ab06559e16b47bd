package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/metrics/monitoring"
)

// prometheus is one that runs on the mail server and scrapes the service.
type prometheus struct {
	l      *lab.Lab
	client *http.Client
}

// listen is where Prometheus answers, in a network that leads nowhere.
const listen = "127.0.0.1:9090"

// configuration scrapes each second, so that half a minute is enough to see.
const configuration = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: smtpbl
    static_configs:
      - targets: ['127.0.0.1:9725']
`

// startWait is how long Prometheus may take until it answers.
const startWait = 20 * time.Second

// watch runs Prometheus until the test ends.
func watch(t *testing.T, l *lab.Lab) *prometheus {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(configuration), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "alerts.yml"), monitoring.Alerts, 0o600))
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	cmd := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+listen)
	cmd.Stdout, cmd.Stderr = log, log
	must(t, l.MX.Start(cmd))
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait()
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("what Prometheus says (%v):\n%s", err, text)
		}
	})
	p := &prometheus{l: l}
	p.client = &http.Client{Transport: &http.Transport{DialContext: p.dial}, Timeout: startWait}
	t.Cleanup(p.client.CloseIdleConnections)
	must(t, lab.Until("Prometheus answers", startWait, func() error {
		_, err := p.query(t.Context(), "vector(1)")
		return err
	}))
	return p
}

// dial connects in the mail server's network.
func (p *prometheus) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	err = p.l.MX.Do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
		return err
	})
	return conn, err
}

// api asks for data, which it decodes into to.
func (p *prometheus) api(ctx context.Context, path string, values url.Values, to any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/api/v1/"+path+"?"+values.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	answer := struct {
		Status, Error string
		Data          any
	}{Data: to}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read what Prometheus answers: %w\n%s", err, body)
	}
	if answer.Status != "success" {
		return fmt.Errorf("ask Prometheus: %s", answer.Error)
	}
	return nil
}

// query evaluates an expression and returns how many series it gives now.
func (p *prometheus) query(ctx context.Context, expr string) (int, error) {
	var data struct{ Result []json.RawMessage }
	if err := p.api(ctx, "query", url.Values{"query": {expr}}, &data); err != nil {
		return 0, fmt.Errorf("%s: %w", expr, err)
	}
	return len(data.Result), nil
}

// rule is an alert as Prometheus has read it.
type rule struct {
	Name        string            `json:"name"`
	Query       string            `json:"query"`
	Duration    float64           `json:"duration"` // seconds
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	Health      string            `json:"health"`
	LastError   string            `json:"lastError"`
	Type        string            `json:"type"`
}

// rules returns all of them.
func (p *prometheus) rules(ctx context.Context) ([]rule, error) {
	var data struct{ Groups []struct{ Rules []rule } }
	if err := p.api(ctx, "rules", nil, &data); err != nil {
		return nil, err
	}
	var all []rule
	for _, g := range data.Groups {
		all = append(all, g.Rules...)
	}
	return all, nil
}
