package main

import (
	"runtime/debug"
	"runtime/metrics"
)

// boundGarbage returns what holds garbage to some 8 MB when called now and
// then, as the service holds its own (cmd/smtpbl/memory.go).
func boundGarbage() func() {
	const room, usual, least = 8 << 20, 100, 4
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := usual
	return func() {
		metrics.Read(live)
		wanted := int(min(max(100*room/max(live[0].Value.Uint64(), 1), least), usual))
		if wanted != percent {
			percent = wanted
			debug.SetGCPercent(percent)
		}
	}
}
