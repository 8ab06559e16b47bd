package config

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTOMLReadsBack makes many valid configurations and wants each back.
func TestTOMLReadsBack(t *testing.T) {
	for seed := range uint64(500) {
		want := random(rand.New(rand.NewPCG(seed, 1))) //nolint:gosec // repeatable, no secret
		got, err := Parse("shown.toml", want.TOML())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, want.TOML())
		}
		if diff := cmp.Diff(want, got, byValue); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// random returns a valid configuration.
func random(r *rand.Rand) Config {
	c := everythingSet()
	c.StateDir = "/" + text(r) + "s"
	c.RuntimeDir = "/run/r"
	c.Ingest.Files = nil
	for i := range r.IntN(4) {
		c.Ingest.Files = append(c.Ingest.Files, fmt.Sprintf("/log/%d %s", i, text(r)))
	}
	c.Ingest.Detectors[0].Program = fmt.Sprintf("p%d*", r.IntN(9))
	c.Ingest.History = time.Duration(r.Int64N(int64(year)))
	c.Policy.Window = time.Second + time.Duration(r.Int64N(int64(time.Hour)))
	c.Policy.BanTime = time.Second * time.Duration(1+r.IntN(1000))
	c.Policy.BanTimeMax = c.Policy.BanTime * time.Duration(1+r.IntN(1000))
	c.Policy.NeverBan = nil
	for i := range r.IntN(4) {
		addr := netip.AddrFrom4([4]byte{byte(1 + i), byte(r.Uint32()), byte(r.Uint32()), 0})
		c.Policy.NeverBan = append(c.Policy.NeverBan, NeverBan{Prefix: netip.PrefixFrom(addr, 24+r.IntN(9))})
	}
	c.NFT.Ports = []uint16{uint16(1 + r.IntN(1000)), uint16(2000 + r.IntN(60000))}
	c.NFT.ProtectTable, c.NFT.KillSessions = r.IntN(2) == 0, r.IntN(2) == 0
	c.NFT.MaxBans = 1 + r.IntN(maxBans)
	c.NFT.LogRate, c.NFT.LogPer = uint64(1+r.IntN(maxRate)), rateUnits[r.IntN(len(rateUnits))].per
	c.NFT.LogPrefix = `"\` + string(rune(' '+r.IntN(95)))
	return c
}

// text returns what may stand in a path and is awkward in TOML.
func text(r *rand.Rand) string {
	out := []rune("x")
	for range r.IntN(12) {
		out = append(out, []rune("a\"\\\t\n\u007f\u0001é日 #=]'")[r.IntN(14)])
	}
	return string(out) + "x"
}

func TestTOMLIsReadable(t *testing.T) {
	want := `state_dir = "/var/lib/smtpbl"
runtime_dir = "/run/smtpbl"

[ingest]
files = []
journal = "auto"
journal_units = []
journal_containers = []
history = "24h"
syslog = []
auth_policy = ""
auth_policy_key_file = ""

[policy]
window = "24h"
threshold4 = 5
threshold6 = 3
count_abuse = false
ban_time = "4h"
ban_time_max = "720h"
net4_hosts = 5
net6_hosts = 5
net_time = "4h"
ban_extra = 10
ban_decay = "168h"
soft_threshold4 = 3
soft_threshold6 = 2
soft_time = "1h"
all_ports4 = 0
all_ports6 = 0
all_ports_time = "24h"
known_threshold = 20
known_for = "168h"
account_nets = 5
account_time = "24h"
net_accounts = 10
net_failing = 16
honeypots = []
outage_faults = 10
max_tracked = 1048576
never_ban = []
never_ban_ssh_ports = [22]
never_ban_mynetworks = false

[nft]
table = "smtpbl"
ports = [25, 465, 587]
hook = "prerouting"
protect_table = true
element_counters = true
kill_sessions = true
max_bans = 262144
log_rate = "3/minute"
log_burst = 10
log_prefix = "[SMTP BLACKLIST] "
nflog_group = 0
mark = "0x5b100000/0xfff00000"
block_files = []

[postfix]
policy_socket = ""
map_socket = ""
action = "DEFER"
text = "{count} failed logins from {addr}: please check the password of your mail program and try again in {for}"

[metrics]
listen = "127.0.0.1:9725"
`
	if diff := cmp.Diff(want, string(Default().TOML())); diff != "" {
		t.Errorf("TOML() (-want +got):\n%s", diff)
	}
}

func TestJSONHasTheNamesOfTheFile(t *testing.T) {
	data, err := json.Marshal(everythingSet())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"state_dir": "/srv/smtpbl/state", "runtime_dir": "/srv/smtpbl/run",
		"ingest": map[string]any{
			"files": []any{"/srv/log/mail"}, "journal": "off", "history": "36h",
			"journal_units": []any{"my-postfix@*.service"}, "journal_containers": []any{"mail-1"},
			"syslog":      []any{"unix:/run/smtpbl/syslog", "udp:[::1]:514", "tcp:127.0.0.1:601"},
			"auth_policy": "127.0.0.1:9726", "auth_policy_key_file": "/etc/smtpbl/key",
			"detector": []any{
				map[string]any{
					"name": "one", "program": "webmail*", "kind": "abuse",
					"pattern": `^login failure from (?P<addr>[0-9a-f.:]+) for "(?P<user>.*)"$`,
				},
				map[string]any{"name": "two.2", "program": "x", "kind": "auth_fail", "pattern": `^\[(?P<addr>[0-9.]+)\] no`},
			},
		},
		"policy": map[string]any{
			"window": "10m", "threshold4": 2.0, "threshold6": 1.0, "count_abuse": true, "ban_time": "1m30s", "ban_time_max": "48h",
			"net4_hosts": 3.0, "net6_hosts": 2.0, "never_ban": []any{"2001:db8::1"},
			"net_time": "1h", "ban_extra": 0.0, "ban_decay": "24h", "soft_threshold4": 1.0, "soft_threshold6": 0.0, "soft_time": "5m",
			"all_ports4": 9.0, "all_ports6": 8.0, "all_ports_time": "2h", "known_threshold": 7.0, "known_for": "48h",
			"account_nets": 0.0, "account_time": "3h", "net_accounts": 6.0, "net_failing": 4.0, "honeypots": []any{"root"}, "outage_faults": 0.0, "max_tracked": 5000.0,
			"never_ban_ssh_ports": []any{2222.0}, "never_ban_mynetworks": true,
		},
		"postfix": map[string]any{
			"policy_socket": "/srv/postfix/policy", "map_socket": "/srv/postfix/map", "action": "REJECT", "text": "{addr}: no",
		},
		"nft": map[string]any{
			"table": "mail_guard", "ports": []any{25.0}, "hook": "input", "protect_table": false,
			"element_counters": false, "kill_sessions": false, "max_bans": 1000.0,
			"log_rate": "20/hour", "log_burst": 2.0, "log_prefix": `"mail\bans": `,
			"nflog_group": 9.0, "mark": "0x100/0xff00", "block_files": []any{"/etc/block/*.txt"},
		},
		"metrics": map[string]any{"listen": "[::1]:9100"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
