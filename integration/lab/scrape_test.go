package lab

import "testing"

func TestParseMetrics(t *testing.T) {
	m, err := parseMetrics(`# HELP smtpbl_dropped_packets_total Packets dropped.
# TYPE smtpbl_dropped_packets_total counter
smtpbl_dropped_packets_total{family="ipv4",set="host4"} 3
smtpbl_dropped_packets_total{family="ipv4",set="net4"} 4
smtpbl_dropped_packets_total{family="ipv6",set="host6"} 5e+06
smtpbl_dropped_packets_total_more 7
smtpbl_bans_wanted 2
`)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		labels []string
		want   float64
	}{
		{"smtpbl_dropped_packets_total", nil, 5000007},
		{"smtpbl_dropped_packets_total", []string{`family="ipv4"`}, 7},
		{"smtpbl_dropped_packets_total", []string{`family="ipv4"`, `set="net4"`}, 4},
		{"smtpbl_bans_wanted", nil, 2},
		{"smtpbl_bans", nil, 0},
	}
	for _, tt := range tests {
		if got := m.Sum(tt.name, tt.labels...); got != tt.want {
			t.Errorf("Sum(%q, %q) = %v, want %v", tt.name, tt.labels, got, tt.want)
		}
	}
	if _, err := parseMetrics("smtpbl_bans_wanted many\n"); err == nil {
		t.Error("a sample without a number is no error")
	}
}
