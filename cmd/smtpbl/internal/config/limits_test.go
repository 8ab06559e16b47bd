package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLimits sets one key at a time, to the last values that are accepted and
// the first that are not.
func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		table, key string
		good, bad  []string
	}{
		{"", "state_dir", []string{`"/a"`, `'/a/../b'`}, []string{`""`, `"a"`, `"/"`, `"/a/.."`, `"/a\u0000"`, `true`}},
		{"", "runtime_dir", []string{`"/` + strings.Repeat("a", 94) + `"`}, []string{`"/` + strings.Repeat("a", 95) + `"`, `1.5`}},
		{"ingest", "files", []string{`[]`, `["/a/*.log", "/b/[ab]"]`}, []string{`"/a"`, `["a"]`, `["/a", "/a/"]`, `["/["]`, `[["/a"]]`}},
		{"ingest", "journal", []string{`"auto"`, `"on"`, `"off"`}, []string{`"ON"`, `""`, `true`}},
		{"ingest", "journal_units", []string{`[]`, `["a.service", "a@*.service"]`}, []string{`["a"]`, `[""]`, `["*"]`, `["[.service"]`, `["a b.service"]`, `"a.service"`}},
		{"ingest", "journal_containers", []string{`["a", "a-b_1"]`}, []string{`["*"]`, `["a-?"]`, `["a[1]"]`, `[""]`, `["a\u0000"]`}},
		{
			"ingest", "syslog",
			[]string{`["unix:/` + strings.Repeat("a", 106) + `"]`, `["udp:0.0.0.0:514", "tcp:[::]:65535"]`},
			[]string{`["unix:/` + strings.Repeat("a", 107) + `"]`, `["udp::514"]`, `["udp:[::1]"]`, `["tls:127.0.0.1:1"]`, `[""]`},
		},
		{"ingest", "auth_policy_key_file", []string{`""`, `"/k"`}, []string{`"k"`, `"/"`}},
		{"ingest", "auth_policy", []string{`""`}, []string{`"127.0.0.1:1"`, `"x"`}},
		{"ingest", "history", []string{`"0s"`, `"8760h"`}, []string{`"-1s"`, `"8760h1s"`, `"2w"`, `24`, `2026-11-23`}},
		{"policy", "window", []string{`"1s"`, `"8760h"`}, []string{`"999ms"`, `"8761h"`, `"24"`, `""`}},
		{"policy", "threshold4", []string{`1`, `10000`, `0x10`}, []string{`0`, `-1`, `10001`, `99999999999999999999`, `"5"`, `5.0`}},
		{"policy", "threshold6", []string{`1`, `10000`}, []string{`0`, `10001`}},
		{"policy", "count_abuse", []string{`true`, `false`}, []string{`1`, `"no"`}},
		{"policy", "ban_time", []string{`"1s"`, `"720h"`}, []string{`"0s"`, `"720h1s"`, `"1500ms0"`}},
		{"policy", "ban_time_max", []string{`"4h"`, `"87600h"`}, []string{`"3h59m59s"`, `"87601h"`, `"30d"`}},
		{"policy", "net4_hosts", []string{`0`, `256`}, []string{`-1`, `257`}},
		{"policy", "net6_hosts", []string{`0`, `65536`}, []string{`-1`, `65537`}},
		{"policy", "net_time", []string{`"1s"`, `"87600h"`}, []string{`"0s"`, `"87601h"`}},
		{"policy", "ban_extra", []string{`0`, `50`}, []string{`-1`, `51`}},
		{"policy", "ban_decay", []string{`"1m"`, `"8760h"`}, []string{`"59s"`, `"8761h"`}},
		{"policy", "soft_threshold4", []string{`0`, `10000`}, []string{`-1`, `10001`}},
		{"policy", "soft_threshold6", []string{`0`, `10000`}, []string{`-1`, `10001`}},
		{"policy", "soft_time", []string{`"1s"`, `"8760h"`}, []string{`"0s"`, `"8761h"`}},
		{"policy", "all_ports4", []string{`0`, `6`, `10000`}, []string{`5`, `-1`, `10001`}},
		{"policy", "all_ports6", []string{`0`, `4`, `10000`}, []string{`3`, `-1`, `10001`}},
		{"policy", "all_ports_time", []string{`"1s"`, `"87600h"`}, []string{`"0s"`, `"87601h"`}},
		{"policy", "known_threshold", []string{`0`, `10000`}, []string{`-1`, `10001`}},
		{"policy", "known_for", []string{`"1m"`, `"8760h"`}, []string{`"59s"`, `"8761h"`}},
		{"policy", "account_nets", []string{`0`, `32`}, []string{`-1`, `33`}},
		{"policy", "account_time", []string{`"1s"`, `"87600h"`}, []string{`"0s"`, `"87601h"`}},
		{"policy", "net_accounts", []string{`0`, `32`}, []string{`-1`, `33`}},
		{"policy", "net_failing", []string{`0`, `32`}, []string{`-1`, `33`}},
		{"policy", "honeypots", []string{`[]`, `["admin", "a@b.example"]`}, []string{`"admin"`, `[""]`, `["a b"]`, `["a", "a"]`, `["` + strings.Repeat("a", 256) + `"]`}},
		{"policy", "outage_faults", []string{`0`, `1000`}, []string{`-1`, `1001`}},
		{"policy", "max_tracked", []string{`1000`, `67108864`}, []string{`999`, `67108865`}},
		{"policy", "never_ban_ssh_ports", []string{`[]`, `[22, 65535]`}, []string{`[0]`, `[22, 22]`, `22`}},
		{"policy", "never_ban_mynetworks", []string{`true`, `false`}, []string{`"yes"`}},
		{"postfix", "policy_socket", []string{`""`, `"/` + strings.Repeat("a", 106) + `"`}, []string{`"a"`, `"/` + strings.Repeat("a", 107) + `"`}},
		{"postfix", "map_socket", []string{`""`, `"/a"`}, []string{`"/"`, `true`}},
		{"postfix", "action", []string{`"DEFER"`, `"REJECT"`}, []string{`"defer"`, `"OK"`, `""`}},
		{
			"postfix", "text",
			[]string{`"x"`, `"{addr} {count} {until} {for}"`, `"` + strings.Repeat("x", 300) + `"`},
			[]string{`""`, `"{user}"`, `"}"`, `"é"`, `"` + strings.Repeat("x", 301) + `"`},
		},
		{
			"policy", "never_ban",
			[]string{`[]`, `["::1", "127.0.0.0/8", "a", "a-b.example", "a.example.", "xn--bcher-kva.example"]`},
			[]string{`"::1"`, `["1.2.3"]`, `["1.2.3.4/8"]`, `["::/0"]`, `["a_b.example"]`, `["a", "a"]`, `["` + strings.Repeat("a", 64) + `"]`, `["::ffff:1.2.3.4/90"]`},
		},
		{"nft", "table", []string{`"a"`, `"_a.b/c-1"`, `"` + strings.Repeat("a", 255) + `"`}, []string{`""`, `"1a"`, `"-a"`, `"a b"`, `"é"`, `"` + strings.Repeat("a", 256) + `"`}},
		{"nft", "ports", []string{`[1]`, `[65535, 25]`}, []string{`[]`, `[0]`, `[65536]`, `[25, 0x19]`, `25`, `["25"]`}},
		{"nft", "hook", []string{`"prerouting"`, `"input"`, `"ufw"`}, []string{`"output"`, `"UFW"`, `""`}},
		{"nft", "protect_table", []string{`true`, `false`}, []string{`"true"`, `1`}},
		{"nft", "element_counters", []string{`true`, `false`}, []string{`"on"`}},
		{"nft", "kill_sessions", []string{`true`, `false`}, []string{`0`}},
		{"nft", "max_bans", []string{`1`, `16_000_000`}, []string{`0`, `16000001`}},
		{"nft", "log_rate", []string{`"1/second"`, `"1000000/day"`, `"5/hour"`}, []string{`"0/minute"`, `"1000001/day"`, `"3/min"`, `"3"`, `"/minute"`, `"-1/hour"`, `3`}},
		{"nft", "log_burst", []string{`1`, `1000000`}, []string{`0`, `1000001`, `-1`}},
		{"nft", "nflog_group", []string{`0`, `65535`}, []string{`-1`, `65536`, `"5"`}},
		{"nft", "mark", []string{`"1/1"`, `"0x5b100000/0xfff00000"`, `"0x1/0xffffffff"`}, []string{`""`, `"0/1"`, `"2/1"`, `"1"`, `"1/0x1ffffffff"`, `1`}},
		{"nft", "block_files", []string{`[]`, `["/a", "/b/*.txt"]`}, []string{`"/a"`, `["a"]`, `["/a", "/a"]`}},
		{"nft", "log_prefix", []string{`"x"`, `"` + strings.Repeat("x", 127) + `"`}, []string{`""`, `"` + strings.Repeat("x", 128) + `"`, `"é"`, `"a\nb"`}},
		{
			"metrics", "listen",
			[]string{`""`, `":9725"`, `"[::1]:1"`, `"localhost:65535"`},
			[]string{`"localhost"`, `"127.0.0.1:65536"`, `"::1:9725"`, `"a b:1"`, `"127.0.0.1:"`, `9725`},
		},
	} {
		path := strings.TrimPrefix(tt.table+"."+tt.key, ".")
		for _, v := range tt.good {
			if _, err := Parse("f", []byte(path+" = "+v)); err != nil {
				t.Errorf("%s = %s is refused:\n%v", path, v, err)
			}
		}
		for _, v := range tt.bad {
			_, err := Parse("f", []byte(path+" = "+v))
			var faults Faults
			if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Key != path {
				t.Errorf("%s = %s: got %v, want one fault of that key", path, v, err)
			}
		}
	}
}

func TestFilesFromOtherSystems(t *testing.T) {
	data := "\ufeff# saved elsewhere\r\n[policy]\r\nthreshold4 = 7\r\n"
	got, err := Parse("f", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Policy.Threshold4 = 7
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
	_, err = Parse("f", []byte("\ufeffx = 1\r\n"))
	wantText := "f:1:1: unknown key \"x\"\n    1 | x = 1\n      | ^\n      = hint: there are state_dir, runtime_dir"
	if err == nil || err.Error() != wantText {
		t.Errorf("Parse() = %v, want %s", err, wantText)
	}
}

func TestFormatDuration(t *testing.T) {
	for _, text := range []string{"0s", "1s", "90s", "10m", "1h30m", "24h", "1h0m5s", "100ms", "720h"} {
		d, p := parseDuration(text, 0, year)
		if p != nil {
			t.Errorf("parseDuration(%q): %s", text, p.message)
			continue
		}
		want := text
		if text == "90s" {
			want = "1m30s"
		}
		if got := formatDuration(d); got != want {
			t.Errorf("formatDuration(%q) = %q, want %q", text, got, want)
		}
	}
}
