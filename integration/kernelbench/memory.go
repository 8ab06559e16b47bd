package main

import (
	"os"
	"strconv"
	"strings"

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

// ownRSS is the most memory that this program has had, in KiB. A child starts
// with that figure as its own (linux fs/exec.c, exec_mmap).
func ownRSS() int64 {
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		return 0
	}
	return own.Maxrss
}
