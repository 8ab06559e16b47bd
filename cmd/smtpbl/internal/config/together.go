package config

import (
	"fmt"
)

// checkTogether looks at values that must fit each other. Each is judged only
// where both are valid by themselves.
func (r *reader) checkTogether() {
	p := r.cfg.Policy
	if p.BanTime > p.BanTimeMax && !r.faulty["policy.ban_time"] && !r.faulty["policy.ban_time_max"] {
		r.conflict("policy.ban_time", "policy.ban_time_max",
			fmt.Sprintf("ban_time %q is longer than ban_time_max %q", formatDuration(p.BanTime), formatDuration(p.BanTimeMax)),
			"raise ban_time_max or lower ban_time")
	}
	r.ladder("policy.all_ports4", p.AllPorts4, "policy.threshold4", p.Threshold4)
	r.ladder("policy.all_ports6", p.AllPorts6, "policy.threshold6", p.Threshold6)
	if x := r.cfg.Postfix; x.PolicySocket != "" && x.PolicySocket == x.MapSocket {
		r.conflict("postfix.map_socket", "postfix.policy_socket", "policy_socket and map_socket are the same path",
			"each speaks a protocol of its own and needs its own socket")
	}
	if r.cfg.StateDir == r.cfg.RuntimeDir && !r.faulty["state_dir"] && !r.faulty["runtime_dir"] {
		r.conflict("runtime_dir", "state_dir", "state_dir and runtime_dir are the same directory",
			"what is in runtime_dir is lost at a reboot, state_dir must not be")
	}
	if in := r.cfg.Ingest; in.AuthPolicy != "" && in.AuthPolicyKeyFile == "" &&
		!r.faulty["ingest.auth_policy"] && !r.faulty["ingest.auth_policy_key_file"] {
		r.conflict("ingest.auth_policy", "ingest.auth_policy_key_file", "auth_policy needs auth_policy_key_file",
			"whoever reaches auth_policy can have any address banned: openssl rand -hex 24 > /etc/smtpbl/auth-policy.key; chmod 600 /etc/smtpbl/auth-policy.key")
	}
}

// conflict reports two keys that do not fit, at the first that the file sets:
// the other may have its default.
func (r *reader) conflict(one, other, message, hint string) {
	path := one
	if _, set := r.set[one]; !set {
		path = other
	}
	r.fault(problem{at: r.set[path].at, key: path, message: message, hint: hint})
}

// ladder reports an upper step that is not above the lower one.
func (r *reader) ladder(upper string, high int, lower string, low int) {
	if high == 0 || high > low || r.faulty[upper] || r.faulty[lower] {
		return
	}
	r.conflict(upper, lower, fmt.Sprintf("%d failures close all ports, but already %d close the mail ports", high, low),
		"raise "+upper+" or set it to 0")
}
