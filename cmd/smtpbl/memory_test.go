package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// gcPercent reads Go's setting, which can only be read by setting it.
func gcPercent() int {
	percent := debug.SetGCPercent(usualPercent)
	debug.SetGCPercent(percent)
	return percent
}

// awaitPercent collects until the setting is as wanted. Finalizers run some time
// after a collection.
func awaitPercent(t *testing.T, what string, wanted func(int) bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !wanted(gcPercent()); runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("with %s, garbage may be %d %% of the heap", what, gcPercent())
		}
	}
}

func TestGarbageStaysSmallBesideALargeHeap(t *testing.T) {
	before := gcPercent()
	boundGarbage()
	t.Cleanup(func() { debug.SetGCPercent(before) })
	large := make([]byte, 10*heapRoom)
	awaitPercent(t, "a large heap", func(percent int) bool { return percent <= 10 })
	runtime.KeepAlive(large) // and no longer
	awaitPercent(t, "a small heap", func(percent int) bool { return percent >= 50 })
}
