// Package traffic shows, packet by packet, whom a firewall lets through.
//
// A [Machine] sends SYN packets in a steady rhythm from many addresses to
// ports on which nobody listens, and notes which of them the server's kernel
// refuses: an answer means that the packet passed. No rule is needed for that
// which a flush would remove, and no connection keeps any state. Each packet
// has a sequence number of its own, which the answer repeats (RFC 9293
// section 3.10.7.1), so that late answers are never taken for others.
package traffic
