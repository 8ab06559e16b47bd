package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// metricsURL is where the default configuration serves metrics.
const metricsURL = "http://127.0.0.1:9725/metrics"

// Metrics holds samples by their name with labels as the page has them, such
// as smtpbl_bans_active{set="blocked4"}.
type Metrics map[string]float64

// Sum adds up the samples of the metric that have all labels given, written
// as on the page: family="ipv4".
func (m Metrics) Sum(name string, labels ...string) float64 {
	var sum float64
	for key, value := range m {
		family, list, _ := strings.Cut(key, "{")
		if family == name && containsAll(list, labels) {
			sum += value
		}
	}
	return sum
}

// Metrics scrapes the service as Prometheus does.
func (l *Lab) Metrics() (Metrics, error) {
	page, err := l.MetricsPage()
	if err != nil {
		return nil, err
	}
	return parseMetrics(page)
}

// parseMetrics reads the text format of Prometheus.
func parseMetrics(page string) (Metrics, error) {
	m := Metrics{}
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		// No label of ours holds a blank, so the last one ends the name.
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		value, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("read the metric %q: %w", line, err)
		}
		m[line[:i]] = value
	}
	return m, nil
}

// MetricsPage returns the page itself.
func (l *Lab) MetricsPage() (string, error) {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
			err = l.MX.Do(func() error {
				conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
				return err
			})
			return conn, err
		},
	}, Timeout: answerWait}
	resp, err := client.Get(metricsURL)
	if err != nil {
		return "", fmt.Errorf("scrape: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(bufio.NewReader(resp.Body))
	if err != nil {
		return "", fmt.Errorf("scrape: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("scrape: %s", resp.Status)
	}
	return string(page), nil
}
