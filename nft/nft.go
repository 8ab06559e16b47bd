package nft

import (
	"net/netip"
	"time"
)

// Hook is where packets meet the sets.
type Hook string

// The hooks.
const (
	HookPrerouting Hook = "prerouting" // before conntrack; sees ports forwarded to containers
	HookInput      Hook = "input"      // packets for this machine only
)

// Config says how the table is built.
type Config struct {
	Table           string        // name of the inet table
	Ports           []uint16      // TCP ports that banned addresses cannot reach
	Hook            Hook          // where the chain hangs
	MaxBans         int           // size of each set; a tenth more fits, for ended bans not yet collected
	ElementCounters bool          // packets and bytes per ban
	Protect         bool          // owner and persist flags where the kernel has them
	LogRate         uint64        // LOG lines per LogPer; 0 logs nothing
	LogPer          time.Duration // second, minute, hour or day
	LogBurst        uint32        // lines that may come at once; 0 is the kernel's default of 5
	LogPrefix       string        // at most 127 bytes
}

// Change is one ban to set or to lift.
type Change struct {
	// Prefix is what is banned; host bits are masked away, v4-mapped
	// addresses are unmapped.
	Prefix netip.Prefix
	// Timeout is how long the ban lasts in the kernel, at least one second;
	// 0 only with Remove.
	Timeout time.Duration
	// Remove lifts the ban; lifting what is not there is no error.
	Remove bool
}

// Ban is one element as the kernel enforces it.
type Ban struct {
	Prefix    netip.Prefix
	Set       string        // name of the set that holds it
	Timeout   time.Duration // 0: the ban has no end, which only other programs set
	Remaining time.Duration
	Packets   uint64 // dropped because of this element; 0 without element counters
	Bytes     uint64
}
