package ufw

// family is what differs between IPv4 and IPv6.
type family struct {
	name  string // as people say
	file  string // in /etc/ufw
	input string // the chain of ufw that jumps to ours
	chain string // ours
	tool  string // the first part of the names of iptables' programs
}

// families lists both, in the order in which their files are replaced.
var families = []family{
	{name: "IPv4", file: "before.rules", input: "ufw-before-input", chain: "ufw-smtp-blacklist", tool: "iptables"},
	{name: "IPv6", file: "before6.rules", input: "ufw6-before-input", chain: "ufw6-smtp-blacklist", tool: "ip6tables"},
}
