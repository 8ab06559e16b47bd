// Package config reads the configuration file. It is strict: an unknown key,
// a wrong type or a value out of range is a fault, and all faults of a file
// are reported at once, each with its line and the place marked below it.
//
// One table (keys.go) lists every key with its field, its type and its
// limits. Reading a file, printing the effective values and the JSON form all
// walk that table, so they cannot disagree.
package config

import (
	"net/netip"
	"time"
)

// Config is a configuration that has passed every check.
type Config struct {
	StateDir   string // history and read positions
	RuntimeDir string // control socket and lock
	Ingest     Ingest
	Policy     Policy
	NFT        NFT
	Postfix    Postfix
	Metrics    Metrics
}

// Ingest says where lines come from.
type Ingest struct {
	Files             []string // absolute paths or globs; none: find them
	Journal           Journal
	JournalUnits      []string      // patterns of further units to believe
	JournalContainers []string      // names of containers to believe
	History           time.Duration // how far back the first start reads
	Syslog            []string      // unix:/path, udp:host:port, tcp:host:port
	AuthPolicy        string        // host:port; empty: off
	AuthPolicyKeyFile string        // holds the key that Dovecot must send
	Detectors         []Detector
}

// Detector is a pattern for lines that no built-in parser knows.
type Detector struct {
	Name    string
	Program string // a glob for the program that writes the line
	Pattern string // RE2
	Kind    DetectorKind
}

// DetectorKind is what a line that a Detector knows stands for.
type DetectorKind string

// The kinds of Detector.
const (
	DetectFail  DetectorKind = "auth_fail"
	DetectOK    DetectorKind = "auth_ok"
	DetectAbuse DetectorKind = "abuse"
)

// Journal says when the systemd journal is read.
type Journal string

// The modes of Journal.
const (
	JournalAuto Journal = "auto" // when no log file is found
	JournalOn   Journal = "on"
	JournalOff  Journal = "off"
)

// Policy says who is banned and for how long.
type Policy struct {
	Window     time.Duration // failures older than this no longer count
	Threshold4 int           // failures inside Window that ban an IPv4 address
	Threshold6 int           // failures inside Window that ban an IPv6 /64
	CountAbuse bool          // other misbehaviour counts like a failed login
	BanTime    time.Duration // the first ban; doubles with each repeat
	BanTimeMax time.Duration // no ban is longer
	Net4Hosts  int           // banned addresses that ban their /24; 0: never
	Net6Hosts  int           // banned /64s that ban their /48; 0: never
	NetTime    time.Duration // the first ban of a net; doubles with each repeat
	BanExtra   int           // percent that a ban may be longer, by the address
	BanDecay   time.Duration // quiet time that takes one doubling back

	SoftThreshold4 int           // failures from which on Postfix turns an IPv4 address away; 0: never
	SoftThreshold6 int           // the same for an IPv6 /64
	SoftTime       time.Duration // for how long
	AllPorts4      int           // failures that close all ports to an IPv4 address; 0: never
	AllPorts6      int           // the same for an IPv6 /64
	AllPortsTime   time.Duration // for how long

	KnownThreshold int           // failures that ban where all users logged in from there lately; 0: like others
	KnownFor       time.Duration // how long a login is lately
	AccountNets    int           // nets that may fail at one account before its threshold falls; 0: never
	AccountTime    time.Duration // the first ban for that, or at a honeypot
	NetAccounts    int           // accounts that one net may fail at before its threshold falls; 0: never
	NetFailing     int           // addresses of one net that may fail before its threshold falls; 0: never
	Honeypots      []string      // login names that nobody has
	OutageFaults   int           // backend faults within a minute that pause counting; 0: never
	MaxTracked     int           // addresses in memory

	NeverBan           []NeverBan
	NeverBanSSHPorts   []uint16 // whoever is logged in at one of them is not banned
	NeverBanMyNetworks bool     // nor what Postfix's mynetworks names
}

// Postfix says how Postfix may ask about a client.
type Postfix struct {
	PolicySocket string // for check_policy_service; empty: off
	MapSocket    string // for check_client_access with socketmap; empty: off
	Action       PostfixAction
	Text         string // with {addr}, {count}, {until} and {for}
}

// PostfixAction is how Postfix turns a client away.
type PostfixAction string

// The actions, as access(5) names them.
const (
	PostfixDefer  PostfixAction = "DEFER"
	PostfixReject PostfixAction = "REJECT"
)

// NFT says how packets meet the bans.
type NFT struct {
	Table           string // name of the inet table
	Ports           []uint16
	Hook            Hook
	ProtectTable    bool          // owner and persist flags
	ElementCounters bool          // packets and bytes for each ban
	KillSessions    bool          // end a banned address's open connections
	MaxBans         int           // size of each set
	LogRate         uint64        // logged packets per LogPer
	LogPer          time.Duration // a second, a minute, an hour or a day
	LogBurst        uint32
	LogPrefix       string
	NFLogGroup      uint16   // dropped packets are copied to it for smtpbl top; 0: none
	Mark            Mark     // of the harness in ufw; for HookUFW
	BlockFiles      []string // lists of prefixes that are dropped as a whole
}

// Mark is a packet mark and the bits of it that belong to the harness.
type Mark struct{ Value, Mask uint32 }

// Hook is where in the kernel packets meet the bans.
type Hook string

// The hooks.
const (
	HookPrerouting Hook = "prerouting" // before connection tracking and DNAT
	HookInput      Hook = "input"      // packets for this machine only
	HookUFW        Hook = "ufw"        // what the harness chains in ufw mark
)

// Metrics says where /metrics is served.
type Metrics struct {
	Listen string // host:port; empty: off
}

// Default returns the configuration of a machine that has no file.
func Default() Config {
	return Config{
		StateDir:   "/var/lib/smtpbl",
		RuntimeDir: "/run/smtpbl",
		Ingest:     Ingest{Journal: JournalAuto, History: 24 * time.Hour},
		Policy: Policy{
			Window: 24 * time.Hour, Threshold4: 5, Threshold6: 3,
			BanTime: 4 * time.Hour, BanTimeMax: 720 * time.Hour,
			Net4Hosts: 5, Net6Hosts: 5, NetTime: 4 * time.Hour, BanExtra: 10, BanDecay: 168 * time.Hour,
			SoftThreshold4: 3, SoftThreshold6: 2, SoftTime: time.Hour, AllPortsTime: 24 * time.Hour,
			KnownThreshold: 20, KnownFor: 168 * time.Hour, AccountNets: 5, AccountTime: 24 * time.Hour, NetAccounts: 10, NetFailing: 16, OutageFaults: 10,
			MaxTracked: 1 << 20, NeverBanSSHPorts: []uint16{22},
		},
		NFT: NFT{
			Table: "smtpbl", Ports: []uint16{25, 465, 587}, Hook: HookPrerouting,
			ProtectTable: true, ElementCounters: true, KillSessions: true, MaxBans: 262144,
			LogRate: 3, LogPer: time.Minute, LogBurst: 10, LogPrefix: "[SMTP BLACKLIST] ",
			Mark: Mark{Value: 0x5b100000, Mask: 0xfff00000},
		},
		Postfix: Postfix{
			Action: PostfixDefer,
			Text:   "{count} failed logins from {addr}: please check the password of your mail program and try again in {for}",
		},
		Metrics: Metrics{Listen: "127.0.0.1:9725"},
	}
}

// NeverBanPrefixes returns the entries of NeverBan that are addresses or
// prefixes.
func (p Policy) NeverBanPrefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, n := range p.NeverBan {
		if n.Host == "" {
			out = append(out, n.Prefix)
		}
	}
	return out
}

// NeverBanHosts returns the entries of NeverBan that are host names.
func (p Policy) NeverBanHosts() []string {
	var out []string
	for _, n := range p.NeverBan {
		if n.Host != "" {
			out = append(out, n.Host)
		}
	}
	return out
}
