package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapRoom is how much garbage may gather before it is collected. Go's rule,
// as much again as is in use, suits neither end: a million bans and offenders
// would cost twice their memory. They are kept without pointers, so that
// collecting more often costs next to nothing.
const heapRoom = 8 << 20

const (
	usualPercent = 100 // Go's own; for heaps that are smaller than heapRoom
	leastPercent = 4
)

// boundGarbage holds the garbage of a heap of any size to about heapRoom, by
// setting Go's percentage anew after each collection, from the size found then.
func boundGarbage() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := usualPercent
	var again func()
	again = func() {
		metrics.Read(live)
		found := max(live[0].Value.Uint64(), 1)
		wanted := int(min(max(100*heapRoom/found, leastPercent), usualPercent))
		if wanted != percent {
			percent = wanted
			debug.SetGCPercent(percent)
		}
		// A value that nobody uses is found by the next collection, and its
		// finalizer runs after that.
		runtime.SetFinalizer(&collected{}, func(*collected) { again() })
	}
	again()
}

// collected has a pointer, because values without one may share their memory with
// others that live longer.
type collected struct{ _ *byte }
