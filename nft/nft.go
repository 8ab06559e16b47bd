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
	HookUFW        Hook = "ufw"        // packets that ufw's harness chains marked, and guarded ones that they did not
)

// Config says how the table is built.
type Config struct {
	Table           string        // name of the inet table
	Ports           []uint16      // TCP ports that banned addresses cannot reach; LayerAll closes all ports
	Hook            Hook          // where the chain hangs
	MaxBans         int           // size of each set; a tenth more fits, for ended bans not yet collected
	ElementCounters bool          // packets and bytes per ban
	Protect         bool          // owner and persist flags where the kernel has them
	LogRate         uint64        // LOG lines per LogPer; 0 logs nothing
	LogPer          time.Duration // second, minute, hour or day
	LogBurst        uint32        // lines that may come at once; 0 is the kernel's default of 5
	LogPrefix       string        // at most 127 bytes
	// Mark and MarkMask are the packet mark of the harness, for HookUFW alone:
	// Mark has no bits outside MarkMask and at least one in it.
	Mark, MarkMask uint32
	// NFLogGroup is the NFLOG group that dropped packets are copied to, for
	// OpenDrops to read; 0 copies none.
	NFLogGroup uint16
}

// Layer says who wanted a ban. The same prefix can be banned in several layers,
// each time with an end of its own: lifting one opens or closes no other.
type Layer uint8

// The layers.
const (
	LayerPolicy Layer = iota // earned: what the policy decided, hosts and nets
	LayerManual              // by hand
	LayerAll                 // earned at all ports: no packet of any protocol passes
	LayerFeed                // lists that are replaced whole, see SetFeed; not for Change
)

// Key names one ban of a layer other than LayerFeed.
type Key struct {
	Layer  Layer
	Prefix netip.Prefix
}

// Change is one ban to set or to lift.
type Change struct {
	Layer Layer // any but LayerFeed
	// Prefix is what is banned; host bits are masked away, v4-mapped
	// addresses are unmapped.
	Prefix netip.Prefix
	// Timeout is how long the ban lasts in the kernel, at least 20 ms;
	// 0 only with Remove.
	Timeout time.Duration
	// Remove lifts the ban; lifting what is not there is no error.
	Remove bool
}

// Key returns the name of the ban that is changed.
func (c Change) Key() Key { return Key{Layer: c.Layer, Prefix: c.Prefix} }

// Ban is one element as the kernel enforces it.
type Ban struct {
	Layer     Layer
	Prefix    netip.Prefix
	Set       string        // name of the set that holds it
	Timeout   time.Duration // 0: the ban has no end, which only other programs set
	Remaining time.Duration
	Packets   uint64 // dropped because of this element; 0 without element counters
	Bytes     uint64
}

// Key returns the name of the ban.
func (b *Ban) Key() Key { return Key{Layer: b.Layer, Prefix: b.Prefix} }
