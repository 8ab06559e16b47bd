package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// kernelMemory is what the kernel has allocated for itself and cannot give back
// when memory is short, in bytes: slabs, areas of vmalloc, where large hash
// tables lie, and per-processor memory, where counters lie. It is that of the
// whole machine.
func kernelMemory() int64 {
	info, _ := os.ReadFile("/proc/meminfo") // without it the figure is 0
	return parseMeminfo(string(info))
}

func parseMeminfo(info string) int64 {
	var kib int64
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "SUnreclaim", "Percpu", "VmallocUsed":
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err == nil {
				kib += n
			}
		}
	}
	return kib * 1024
}

// settle waits until the kernel has freed what was in namespaces that have
// ended, which it does later, or until that has taken too long.
func settle(ctx context.Context) {
	const (
		pause  = 250 * time.Millisecond
		tries  = 40
		still  = 1 << 20 // bytes, which something else may take at any time
		enough = 4       // pauses in a row
	)
	quiet, before := 0, kernelMemory()
	for try := 0; try < tries && quiet < enough && ctx.Err() == nil; try++ {
		time.Sleep(pause)
		now := kernelMemory()
		if quiet++; max(now-before, before-now) > still {
			quiet = 0
		}
		before = now
	}
}

// ownRSS is the most memory that this program has had, in KiB. A child starts
// with that figure as its own (linux fs/exec.c, exec_mmap).
func ownRSS() int64 {
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		return 0
	}
	return own.Maxrss
}
