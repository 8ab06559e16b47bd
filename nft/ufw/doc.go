// Package ufw keeps the harness in ufw: two small chains, one for IPv4 and one
// for IPv6, that mark the packets for the guarded ports. The table of package
// nft then looks the marked packets up (nft.HookUFW).
//
// # The block
//
// ufw loads /etc/ufw/before.rules and before6.rules whenever it is enabled or
// reloaded. The harness is one block of lines in each, between a line that
// begins it and one that ends it:
//
//	# smtpbl harness: begin ("smtpbl harness remove" takes these lines out)
//	:ufw-smtp-blacklist - [0:0]
//	-A ufw-before-input -p tcp -m multiport --dports 25,465,587 -j ufw-smtp-blacklist
//	-A ufw-smtp-blacklist -j MARK --set-xmark 0x5b100000/0xfff00000
//	# smtpbl harness: end
//
// It stands after the rule that accepts loopback and before the rule that
// accepts packets of established connections, so that a connection that is open
// when its client is banned stalls. No rule of it accepts or drops anything: a
// harness that is lost, half loaded or left behind can lock nobody out.
//
// # Editing
//
// The block is put in and taken out as a piece; all other bytes of a file stay
// as they are. What cannot be understood is refused, never guessed at. The new
// text is tried by the iptables-restore that ufw uses before it replaces the
// old one, both files are replaced or none, and ufw's own lock is held, so that
// ufw does not run in the middle of it.
//
// # The running firewall
//
// The rules are changed in the kernel by one iptables-restore --noflush, which
// is one transaction in both flavours of iptables. "ufw reload" is not used:
// it takes all rules away and sets the policy to ACCEPT before it loads them
// again (ufw_stop and ufw_start in ufw's ufw-init-functions).
package ufw
