package metrics

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// full is a service in which everything has happened once.
func full() *Metrics {
	m := New("v1.2.3")
	m.Preset(Labels{
		Services: []string{"postfix"}, Kinds: []string{"auth_fail", "auth_ok"},
		Refusals: []string{"never_ban"}, Heals: []string{"drift", "table_gone"},
	})
	m.Attach(func() State {
		return State{
			Wanted: 7, MaxBans: 9, HistoryFailing: true, Blocked: 11, BlockFaults: 1, Enforced: 6, Active: map[string]int{"ban4": 5, "ban6_64": 2},
			CheckedAt: time.UnixMilli(1_700_000_000_500), Tracked: 42, Forgotten: 8, Paused: true, Pauses: 2,
			Copies:    &Copies{Read: 90, Unreadable: 1, Lost: 2},
			Uncovered: map[string]uint64{"smtp": 0, "imap": 8},
			Kernel: &Kernel{Seen: 100, Harness: &Harness{Marked: 90, Unmarked: 10}, Logged: 3, LogLimited: 4, Dropped: []Dropped{
				{Family: "ipv4", Set: "ban4", Packets: 5, Bytes: 300},
				{Family: "ipv6", Set: "ban6_64", Packets: 2, Bytes: 160},
			}},
			Postfix: []Postfix{{Protocol: "policy", Result: "turned_away", Requests: 8}},
			Sources: []Source{{Name: "/var/log/mail.log", Lines: 9, Bytes: 900, Rotations: 1, Errors: 2, LagBytes: 10, LagSeconds: 1.5, Gaps: 7, Reopens: 3, OverLong: 4, Refused: 5, Dropped: 6}},
		}
	})
	m.Ban("auth_fail", "host")
	m.Unban("expired")
	m.Refuse("never_ban")
	m.Soften("auth_fail")
	m.Heal("drift")
	m.Events("postfix", "auth_fail", 3)
	m.Unparsed("postfix")
	m.Reload(true)
	m.Commit(20 * time.Microsecond)
	m.Latency(200 * time.Microsecond)
	return m
}

// scrape asks for /metrics over HTTP.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Serve(ctx, l, slog.New(slog.DiscardHandler)) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	return string(body)
}

// ours keeps the lines of our own series, without the buckets of histograms
// and what depends on the toolchain.
func ours(text string) string {
	var out strings.Builder
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "smtpbl_") && !strings.Contains(line, "_bucket{") && !strings.HasPrefix(line, BuildInfo) {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

// TestEverySeries wants exactly these series: one that is new by accident is
// a fault, because people keep what they can scrape.
func TestEverySeries(t *testing.T) {
	const want = `smtpbl_bans_active{set="ban4"} 5
smtpbl_bans_active{set="ban6_64"} 2
smtpbl_bans_enforced 6
smtpbl_bans_max 9
smtpbl_bans_total{reason="auth_fail",step="host"} 1
smtpbl_bans_wanted 7
smtpbl_block_lists_unreadable 1
smtpbl_block_prefixes 11
smtpbl_commit_duration_seconds_sum 2e-05
smtpbl_commit_duration_seconds_count 1
smtpbl_config_reloads_total{result="failure"} 0
smtpbl_config_reloads_total{result="success"} 1
smtpbl_counting_paused 1
smtpbl_counting_pauses_total 2
smtpbl_drop_copies_total{result="lost"} 2
smtpbl_drop_copies_total{result="read"} 90
smtpbl_drop_copies_total{result="unreadable"} 1
smtpbl_dropped_bytes_total{family="ipv4",set="ban4"} 300
smtpbl_dropped_bytes_total{family="ipv6",set="ban6_64"} 160
smtpbl_dropped_packets_total{family="ipv4",set="ban4"} 5
smtpbl_dropped_packets_total{family="ipv6",set="ban6_64"} 2
smtpbl_enforce_latency_seconds_sum 0.0002
smtpbl_enforce_latency_seconds_count 1
smtpbl_enforcement_check_timestamp_seconds 1.7000000005e+09
smtpbl_events_total{kind="auth_fail",service="postfix"} 3
smtpbl_events_total{kind="auth_ok",service="postfix"} 0
smtpbl_forgotten_addresses_total 8
smtpbl_harness_packets_total{mark="marked"} 90
smtpbl_harness_packets_total{mark="unmarked"} 10
smtpbl_heals_total{cause="drift"} 1
smtpbl_heals_total{cause="table_gone"} 0
smtpbl_history_failing 1
smtpbl_log_limited_packets_total 4
smtpbl_logged_packets_total 3
smtpbl_postfix_requests_total{protocol="policy",result="turned_away"} 8
smtpbl_refused_bans_total{reason="never_ban"} 1
smtpbl_seen_packets_total 100
smtpbl_soft_steps_total{reason="auth_fail"} 1
smtpbl_source_bytes_total{source="/var/log/mail.log"} 900
smtpbl_source_dropped_lines_total{source="/var/log/mail.log"} 6
smtpbl_source_errors_total{source="/var/log/mail.log"} 2
smtpbl_source_gaps_total{source="/var/log/mail.log"} 7
smtpbl_source_lag_bytes{source="/var/log/mail.log"} 10
smtpbl_source_lag_seconds{source="/var/log/mail.log"} 1.5
smtpbl_source_lines_total{source="/var/log/mail.log"} 9
smtpbl_source_over_long_lines_total{source="/var/log/mail.log"} 4
smtpbl_source_refused_lines_total{source="/var/log/mail.log"} 5
smtpbl_source_reopens_total{source="/var/log/mail.log"} 3
smtpbl_source_rotations_total{source="/var/log/mail.log"} 1
smtpbl_tracked_addresses 42
smtpbl_unbans_total{reason="expired"} 1
smtpbl_uncovered_failures_total{protocol="imap"} 8
smtpbl_uncovered_failures_total{protocol="smtp"} 0
smtpbl_unparsed_lines_total{service="postfix"} 1
`
	text := scrape(t, full())
	if diff := cmp.Diff(want, ours(text)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if !strings.Contains(text, `smtpbl_build_info{goversion="go`) || !strings.Contains(text, `version="v1.2.3"} 1`) {
		t.Error("no build info")
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestNoKernelNoLies(t *testing.T) {
	m := New("")
	m.Attach(func() State { return State{Wanted: 1} })
	text := ours(scrape(t, m))
	for _, name := range []string{DroppedPackets, SeenPackets, LoggedPackets, CheckTimestamp, DropCopies} {
		if strings.Contains(text, name) {
			t.Errorf("%s is shown although nobody could be asked:\n%s", name, text)
		}
	}
}

func TestOtherPaths(t *testing.T) {
	h := New("").Handler()
	for path, want := range map[string]int{"/": http.StatusOK, "/debug/pprof/": http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code != want {
			t.Errorf("GET %s: %d, want %d", path, rec.Code, want)
		}
	}
}

func BenchmarkScrape(b *testing.B) {
	m := full()
	for b.Loop() {
		if _, err := m.registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
