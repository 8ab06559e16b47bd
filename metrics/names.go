package metrics

// The names of all series. They are a contract with dashboards and alerts.
const (
	DroppedPackets  = "smtpbl_dropped_packets_total"
	DroppedBytes    = "smtpbl_dropped_bytes_total"
	LoggedPackets   = "smtpbl_logged_packets_total"
	LogLimited      = "smtpbl_log_limited_packets_total"
	SeenPackets     = "smtpbl_seen_packets_total"
	BansActive      = "smtpbl_bans_active"
	BansWanted      = "smtpbl_bans_wanted"
	BansEnforced    = "smtpbl_bans_enforced"
	CheckTimestamp  = "smtpbl_enforcement_check_timestamp_seconds"
	BansTotal       = "smtpbl_bans_total"
	UnbansTotal     = "smtpbl_unbans_total"
	RefusedBans     = "smtpbl_refused_bans_total"
	HealsTotal      = "smtpbl_heals_total"
	EventsTotal     = "smtpbl_events_total"
	SourceLines     = "smtpbl_source_lines_total"
	SourceBytes     = "smtpbl_source_bytes_total"
	SourceLag       = "smtpbl_source_lag_bytes"
	SourceRotations = "smtpbl_source_rotations_total"
	SourceErrors    = "smtpbl_source_errors_total"
	Tracked         = "smtpbl_tracked_addresses"
	CommitDuration  = "smtpbl_commit_duration_seconds"
	EnforceLatency  = "smtpbl_enforce_latency_seconds"
	ConfigReloads   = "smtpbl_config_reloads_total"
	BuildInfo       = "smtpbl_build_info"
)
