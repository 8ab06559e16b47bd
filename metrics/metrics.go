// Package metrics is what Prometheus sees of smtpbl: the names of the series,
// the counters that the service adds to, the collector that asks for the rest
// at scrape time, and the HTTP server.
//
// Labels come from small fixed lists, never from a log line: no client can
// make a series. A scrape costs the same at any number of bans, because it
// reads named counters and never dumps a set.
package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics holds the series that the service adds to. All methods may be
// called from any goroutine.
type Metrics struct {
	registry *prometheus.Registry
	bans     *prometheus.CounterVec
	unbans   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	softened *prometheus.CounterVec
	heals    *prometheus.CounterVec
	events   *prometheus.CounterVec
	unparsed *prometheus.CounterVec
	reloads  *prometheus.CounterVec
	commit   prometheus.Histogram
	latency  prometheus.Histogram
}

// New makes the series of a service of the given version.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		bans:     counters(BansTotal, "Bans made, by what caused them and by rung of the ladder.", "reason", "step"),
		unbans:   counters(UnbansTotal, "Bans ended, by cause.", "reason"),
		refused:  counters(RefusedBans, "Bans that an address earned and was spared, by why.", "reason"),
		softened: counters(SoftSteps, "Addresses that came to the soft step, at which Postfix turns them away, by what caused it.", "reason"),
		heals:    counters(HealsTotal, "Repairs of the kernel's table, by cause.", "cause"),
		events:   counters(EventsTotal, "Log lines that told something about a login, by service and kind.", "service", "kind"),
		unparsed: counters(UnparsedLines, "Log lines about a login that do not tell the client's address, by service.", "service"),
		reloads:  counters(ConfigReloads, "Reloads of the configuration, by result.", "result"),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: CommitDuration, Help: "Time the kernel took to commit a group of changes.",
			Buckets: []float64{10e-6, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 50e-3, 0.1, 0.5, 1, 5},
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: EnforceLatency, Help: "Time from reading the line that earned a ban until the kernel enforced it.",
			Buckets: []float64{50e-6, 100e-6, 200e-6, 300e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 50e-3, 0.1, 0.5, 1, 5},
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: BuildInfo, Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.bans, m.unbans, m.refused, m.softened, m.heals, m.events, m.unparsed, m.reloads, m.commit, m.latency, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, r := range []string{"success", "failure"} {
		m.reloads.WithLabelValues(r)
	}
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// Ban counts a ban that the kernel enforces.
func (m *Metrics) Ban(reason, step string) { m.bans.WithLabelValues(reason, step).Inc() }

// Unban counts a ban that ended.
func (m *Metrics) Unban(reason string) { m.unbans.WithLabelValues(reason).Inc() }

// Refuse counts a ban that was earned and spared.
func (m *Metrics) Refuse(reason string) { m.refused.WithLabelValues(reason).Inc() }

// Soften counts an address that came to the soft step.
func (m *Metrics) Soften(reason string) { m.softened.WithLabelValues(reason).Inc() }

// Heal counts a repair of the kernel's table.
func (m *Metrics) Heal(cause string) { m.heals.WithLabelValues(cause).Inc() }

// Events counts n events.
func (m *Metrics) Events(service, kind string, n int) {
	m.events.WithLabelValues(service, kind).Add(float64(n))
}

// Unparsed counts a line about a login whose client could not be read.
func (m *Metrics) Unparsed(service string) { m.unparsed.WithLabelValues(service).Inc() }

// Reload counts a reload of the configuration.
func (m *Metrics) Reload(ok bool) {
	result := "failure"
	if ok {
		result = "success"
	}
	m.reloads.WithLabelValues(result).Inc()
}

// Commit observes how long the kernel took for a group of changes.
func (m *Metrics) Commit(took time.Duration) { m.commit.Observe(took.Seconds()) }

// Latency observes the time from reading a line to its ban being enforced.
func (m *Metrics) Latency(d time.Duration) { m.latency.Observe(d.Seconds()) }

// Labels are the values of labels that are known beforehand.
type Labels struct{ Services, Kinds, Refusals, Heals []string }

// Preset makes the series of known label values appear before their first
// event, so that a rate over them is right from the start.
func (m *Metrics) Preset(known Labels) {
	for _, s := range known.Services {
		for _, k := range known.Kinds {
			m.events.WithLabelValues(s, k)
		}
		m.unparsed.WithLabelValues(s)
	}
	for _, r := range known.Refusals {
		m.refused.WithLabelValues(r)
	}
	for _, c := range known.Heals {
		m.heals.WithLabelValues(c)
	}
}
