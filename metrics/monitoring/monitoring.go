// Package monitoring holds what Prometheus and Grafana need to watch smtpbl, as
// the files that are installed below /usr/share/smtpbl.
package monitoring

import _ "embed" // for the files

// Alerts are rules for Prometheus. docs/OPERATE.md says what to do about each.
//
//go:embed prometheus-alerts.yml
var Alerts []byte

// Dashboard is for Grafana 9.1 and later.
//
//go:embed grafana-dashboard.json
var Dashboard []byte
