package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// byValue compares configurations.
var byValue = cmpopts.EquateComparable(netip.Prefix{})

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		file string
		want func(*Config)
	}{
		{"empty", func(*Config) {}},
		{"small", func(c *Config) {
			c.Policy.Threshold4 = 3
			c.Policy.NeverBan = []NeverBan{
				{Prefix: netip.MustParsePrefix("192.0.2.10/32")},
				{Prefix: netip.MustParsePrefix("2001:db8:1::/48")},
				{Host: "Office.Example.org."},
				{Prefix: netip.MustParsePrefix("198.51.100.0/24")},
			}
		}},
		{"forms", func(c *Config) {
			c.StateDir = "/srv/smtpbl"
			c.Ingest = Ingest{Files: []string{"/var/log/mail.log", "/srv/*/mail.log"}, Journal: JournalOn}
			c.Policy.Window, c.Policy.Net4Hosts = 90*time.Minute, 0
			c.NFT.Ports = []uint16{25, 2525}
			c.Metrics.Listen = ""
		}},
		{"all", func(c *Config) { *c = everythingSet() }},
	} {
		t.Run(tt.file, func(t *testing.T) {
			want := Default()
			tt.want(&want)
			got, err := Load(filepath.Join("testdata", tt.file+".good.toml"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, byValue); diff != "" {
				t.Errorf("Load() (-want +got):\n%s", diff)
			}
		})
	}
}

// everythingSet has another value than the default in every field.
func everythingSet() Config {
	return Config{
		StateDir: "/srv/smtpbl/state", RuntimeDir: "/srv/smtpbl/run",
		Ingest: Ingest{
			Files: []string{"/srv/log/mail"}, Journal: JournalOff, History: 36 * time.Hour,
			JournalUnits: []string{"my-postfix@*.service"}, JournalContainers: []string{"mail-1"},
			Syslog:     []string{"unix:/run/smtpbl/syslog", "udp:[::1]:514", "tcp:127.0.0.1:601"},
			AuthPolicy: "127.0.0.1:9726", AuthPolicyKeyFile: "/etc/smtpbl/key",
			Detectors: []Detector{
				{Name: "one", Program: "webmail*", Pattern: `^login failure from (?P<addr>[0-9a-f.:]+) for "(?P<user>.*)"$`, Kind: DetectAbuse},
				{Name: "two.2", Program: "x", Pattern: `^\[(?P<addr>[0-9.]+)\] no`, Kind: DetectFail},
			},
		},
		Policy: Policy{
			Window: 10 * time.Minute, Threshold4: 2, Threshold6: 1, CountAbuse: true, BanTime: 90 * time.Second, BanTimeMax: 48 * time.Hour,
			Net4Hosts: 3, Net6Hosts: 2, NeverBan: []NeverBan{{Prefix: netip.MustParsePrefix("2001:db8::1/128")}},
			NetTime: time.Hour, BanDecay: 24 * time.Hour, SoftThreshold4: 1, SoftTime: 5 * time.Minute,
			AllPorts4: 9, AllPorts6: 8, AllPortsTime: 2 * time.Hour, KnownThreshold: 7, KnownFor: 48 * time.Hour,
			AccountTime: 3 * time.Hour, NetAccounts: 6, NetFailing: 4, Honeypots: []string{"root"}, MaxTracked: 5000, NeverBanSSHPorts: []uint16{2222}, NeverBanMyNetworks: true,
		},
		Postfix: Postfix{PolicySocket: "/srv/postfix/policy", MapSocket: "/srv/postfix/map", Action: PostfixReject, Text: "{addr}: no"},
		NFT: NFT{
			Table: "mail_guard", Ports: []uint16{25}, Hook: HookInput, MaxBans: 1000,
			LogRate: 20, LogPer: time.Hour, LogBurst: 2, LogPrefix: `"mail\bans": `,
			NFLogGroup: 9, Mark: Mark{Value: 0x100, Mask: 0xff00}, BlockFiles: []string{"/etc/block/*.txt"},
		},
		Metrics: Metrics{Listen: "[::1]:9100"},
	}
}

func TestFaultIsPrecise(t *testing.T) {
	_, err := Parse("f.toml", []byte("[nft]\nports = [25, 0]\n"))
	want := Faults{{
		File: "f.toml", Line: 2, Column: 14, Key: "nft.ports", Message: "0 is out of range",
		Hint: "write a number from 1 to 65535", Source: "ports = [25, 0]", Width: 1,
	}}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "smtpbl.toml"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load() = %v, want fs.ErrNotExist", err)
	}
}

func TestLoadOfWhatIsNoConfiguration(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, []byte(strings.Repeat("#", maxFileBytes+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(large); !errors.Is(err, errTooLarge) {
		t.Errorf("Load(large) = %v, want errTooLarge", err)
	}
	if _, err := Load(t.TempDir()); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load(directory) = %v, want a read error", err)
	}
}

func TestNeverBanIsSplit(t *testing.T) {
	p := Policy{NeverBan: []NeverBan{{Prefix: netip.MustParsePrefix("192.0.2.0/24")}, {Host: "a.example"}}}
	if diff := cmp.Diff([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, p.NeverBanPrefixes(), byValue); diff != "" {
		t.Errorf("NeverBanPrefixes() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a.example"}, p.NeverBanHosts()); diff != "" {
		t.Errorf("NeverBanHosts() (-want +got):\n%s", diff)
	}
}

func TestDidYouMean(t *testing.T) {
	for _, tt := range []struct{ table, name, want string }{
		{"policy", "treshold4", `did you mean "threshold4"?`},
		{"", "state-dir", `did you mean "state_dir"?`},
		{"", "ports", "ports belongs in the table [nft]"},
		{"nft", "state_dir", "state_dir belongs at the top of the file, before the first table"},
		{"metrics", "completely_different", "there are listen"},
		{"polici", "x", `did you mean "policy"?`},
		{"metrics", strings.Repeat("listen", 100), "there are listen"},
	} {
		if got := whereIs(tt.table, tt.name); got != tt.want {
			t.Errorf("whereIs(%q, %q) = %q, want %q", tt.table, tt.name, got, tt.want)
		}
	}
}
