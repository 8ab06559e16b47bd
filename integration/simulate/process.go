package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// resident is the memory of a process in bytes, as the kernel tells it.
type resident struct {
	// Now is VmRSS, Most VmHWM; Anonymous is the part of Now that no file backs.
	Now       int64 `json:"resident_bytes"`
	Most      int64 `json:"most_resident_bytes"`
	Anonymous int64 `json:"anonymous_bytes"`
}

// residentOf reads the status of process pid, which may be "self".
func residentOf(pid string) (resident, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return resident{}, fmt.Errorf("read the memory of process %s: %w", pid, err)
	}
	var r resident
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			continue // no size
		}
		switch key {
		case "VmRSS":
			r.Now = kib << 10
		case "VmHWM":
			r.Most = kib << 10
		case "RssAnon":
			r.Anonymous = kib << 10
		}
	}
	return r, nil
}

// forgetMost gives free memory back and lets VmHWM of this process begin anew
// (proc(5), clear_refs).
func forgetMost() error {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("reset the most memory that was in use: %w", err)
	}
	return nil
}

// threadTime is the processor time of this thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

func megabytes(bytes int64) string { return strconv.FormatFloat(float64(bytes)/1e6, 'f', 1, 64) }
