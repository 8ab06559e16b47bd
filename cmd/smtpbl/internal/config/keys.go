package config

import "time"

const (
	year = 365 * 24 * time.Hour
	// maxThreshold bounds what is remembered of one address.
	maxThreshold = 10_000
	// maxBans is what a kernel with 4 GiB to spare can hold.
	maxBans = 16_000_000
)

// keyOf is one key of the file, kept in an In.
type keyOf[In any] struct {
	path string
	read func(*In, value) []problem
	show func(*In) any
}

type key = keyOf[Config]

// field makes a key from the place it is kept in and its codec.
func field[In, T any](path string, place func(*In) *T, c codec[T]) keyOf[In] {
	return keyOf[In]{
		path: path,
		read: func(in *In, v value) []problem {
			t, faults := c.read(v)
			if len(faults) == 0 {
				*place(in) = t
			}
			return faults
		},
		show: func(in *In) any { return c.show(*place(in)) },
	}
}

// keys lists every key there is, in the order of the reference file.
var keys = []key{
	field("state_dir", func(c *Config) *string { return &c.StateDir }, texts(parseDir, plain)),
	field("runtime_dir", func(c *Config) *string { return &c.RuntimeDir }, texts(parseRuntimeDir, plain)),

	field("ingest.files", func(c *Config) *[]string { return &c.Ingest.Files }, lists(texts(parseGlob, plain))),
	field("ingest.journal", func(c *Config) *Journal { return &c.Ingest.Journal },
		texts(oneOf(JournalAuto, JournalOn, JournalOff), plain)),
	field("ingest.journal_units", func(c *Config) *[]string { return &c.Ingest.JournalUnits }, lists(texts(parseUnit, plain))),
	field("ingest.journal_containers", func(c *Config) *[]string { return &c.Ingest.JournalContainers }, lists(texts(parseContainer, plain))),
	field("ingest.history", func(c *Config) *time.Duration { return &c.Ingest.History }, durations(0, year)),
	field("ingest.syslog", func(c *Config) *[]string { return &c.Ingest.Syslog }, lists(texts(parseSyslog, plain))),
	field("ingest.auth_policy", func(c *Config) *string { return &c.Ingest.AuthPolicy }, texts(parseListen, plain)),
	field("ingest.auth_policy_key_file", func(c *Config) *string { return &c.Ingest.AuthPolicyKeyFile }, texts(optional(parseDir), plain)),

	field("policy.window", func(c *Config) *time.Duration { return &c.Policy.Window }, durations(time.Second, year)),
	field("policy.threshold4", func(c *Config) *int { return &c.Policy.Threshold4 }, numbers[int](1, maxThreshold)),
	field("policy.threshold6", func(c *Config) *int { return &c.Policy.Threshold6 }, numbers[int](1, maxThreshold)),
	field("policy.count_abuse", func(c *Config) *bool { return &c.Policy.CountAbuse }, switches()),
	field("policy.ban_time", func(c *Config) *time.Duration { return &c.Policy.BanTime }, durations(time.Second, 10*year)),
	field("policy.ban_time_max", func(c *Config) *time.Duration { return &c.Policy.BanTimeMax }, durations(time.Second, 10*year)),
	field("policy.net4_hosts", func(c *Config) *int { return &c.Policy.Net4Hosts }, numbers[int](0, 1<<8)),
	field("policy.net6_hosts", func(c *Config) *int { return &c.Policy.Net6Hosts }, numbers[int](0, 1<<16)),
	field("policy.net_time", func(c *Config) *time.Duration { return &c.Policy.NetTime }, durations(time.Second, 10*year)),
	field("policy.ban_extra", func(c *Config) *int { return &c.Policy.BanExtra }, numbers[int](0, 50)),
	field("policy.ban_decay", func(c *Config) *time.Duration { return &c.Policy.BanDecay }, durations(time.Minute, year)),
	field("policy.soft_threshold4", func(c *Config) *int { return &c.Policy.SoftThreshold4 }, numbers[int](0, maxThreshold)),
	field("policy.soft_threshold6", func(c *Config) *int { return &c.Policy.SoftThreshold6 }, numbers[int](0, maxThreshold)),
	field("policy.soft_time", func(c *Config) *time.Duration { return &c.Policy.SoftTime }, durations(time.Second, year)),
	field("policy.all_ports4", func(c *Config) *int { return &c.Policy.AllPorts4 }, numbers[int](0, maxThreshold)),
	field("policy.all_ports6", func(c *Config) *int { return &c.Policy.AllPorts6 }, numbers[int](0, maxThreshold)),
	field("policy.all_ports_time", func(c *Config) *time.Duration { return &c.Policy.AllPortsTime }, durations(time.Second, 10*year)),
	field("policy.known_threshold", func(c *Config) *int { return &c.Policy.KnownThreshold }, numbers[int](0, maxThreshold)),
	field("policy.known_for", func(c *Config) *time.Duration { return &c.Policy.KnownFor }, durations(time.Minute, year)),
	field("policy.account_nets", func(c *Config) *int { return &c.Policy.AccountNets }, numbers[int](0, 32)),
	field("policy.account_time", func(c *Config) *time.Duration { return &c.Policy.AccountTime }, durations(time.Second, 10*year)),
	field("policy.net_accounts", func(c *Config) *int { return &c.Policy.NetAccounts }, numbers[int](0, 32)),
	field("policy.net_failing", func(c *Config) *int { return &c.Policy.NetFailing }, numbers[int](0, 32)),
	field("policy.honeypots", func(c *Config) *[]string { return &c.Policy.Honeypots }, lists(texts(parseLogin, plain))),
	field("policy.outage_faults", func(c *Config) *int { return &c.Policy.OutageFaults }, numbers[int](0, 1000)),
	field("policy.max_tracked", func(c *Config) *int { return &c.Policy.MaxTracked }, numbers[int](1000, 1<<26)),
	field("policy.never_ban", func(c *Config) *[]NeverBan { return &c.Policy.NeverBan },
		lists(texts(parseNeverBan, NeverBan.String))),
	field("policy.never_ban_ssh_ports", func(c *Config) *[]uint16 { return &c.Policy.NeverBanSSHPorts }, lists(numbers[uint16](1, 1<<16-1))),
	field("policy.never_ban_mynetworks", func(c *Config) *bool { return &c.Policy.NeverBanMyNetworks }, switches()),

	field("nft.table", func(c *Config) *string { return &c.NFT.Table }, texts(parseTable, plain)),
	field("nft.ports", func(c *Config) *[]uint16 { return &c.NFT.Ports },
		notEmpty(lists(numbers[uint16](1, 1<<16-1)), "name at least one port, for example [25, 465, 587]")),
	field("nft.hook", func(c *Config) *Hook { return &c.NFT.Hook }, texts(oneOf(HookPrerouting, HookInput, HookUFW), plain)),
	field("nft.protect_table", func(c *Config) *bool { return &c.NFT.ProtectTable }, switches()),
	field("nft.element_counters", func(c *Config) *bool { return &c.NFT.ElementCounters }, switches()),
	field("nft.kill_sessions", func(c *Config) *bool { return &c.NFT.KillSessions }, switches()),
	field("nft.max_bans", func(c *Config) *int { return &c.NFT.MaxBans }, numbers[int](1, maxBans)),
	logRate(),
	field("nft.log_burst", func(c *Config) *uint32 { return &c.NFT.LogBurst }, numbers[uint32](1, maxRate)),
	field("nft.log_prefix", func(c *Config) *string { return &c.NFT.LogPrefix }, texts(parseLogPrefix, plain)),
	field("nft.nflog_group", func(c *Config) *uint16 { return &c.NFT.NFLogGroup }, numbers[uint16](0, 1<<16-1)),
	field("nft.mark", func(c *Config) *Mark { return &c.NFT.Mark }, texts(parseMark, Mark.String)),
	field("nft.block_files", func(c *Config) *[]string { return &c.NFT.BlockFiles }, lists(texts(parseGlob, plain))),

	field("postfix.policy_socket", func(c *Config) *string { return &c.Postfix.PolicySocket }, texts(optional(parseSocket), plain)),
	field("postfix.map_socket", func(c *Config) *string { return &c.Postfix.MapSocket }, texts(optional(parseSocket), plain)),
	field("postfix.action", func(c *Config) *PostfixAction { return &c.Postfix.Action }, texts(oneOf(PostfixDefer, PostfixReject), plain)),
	field("postfix.text", func(c *Config) *string { return &c.Postfix.Text }, texts(parseReplyText, plain)),

	field("metrics.listen", func(c *Config) *string { return &c.Metrics.Listen }, texts(parseListen, plain)),
}

// logRate is the one key that is kept in two fields.
func logRate() key {
	c := texts(parseRate, rate.String)
	return key{
		path: "nft.log_rate",
		read: func(cfg *Config, v value) []problem {
			r, faults := c.read(v)
			if len(faults) == 0 {
				cfg.NFT.LogRate, cfg.NFT.LogPer = r.packets, r.per
			}
			return faults
		},
		show: func(cfg *Config) any { return c.show(rate{cfg.NFT.LogRate, cfg.NFT.LogPer}) },
	}
}
