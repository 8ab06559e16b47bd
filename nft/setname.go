package nft

import "net/netip"

// SetName returns the name of the set that holds bans of prefix's length.
func SetName(prefix netip.Prefix) string { return kindOf(prefix).set() }
