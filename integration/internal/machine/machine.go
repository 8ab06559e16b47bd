// Package machine describes the machine that something was measured on.
package machine

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Describe names the processor, the number of usable cores, the kernel and the
// version of Go.
func Describe() string {
	model := "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo") // without it the model stays unknown
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	kernel := "unknown kernel"
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		kernel = "Linux " + unix.ByteSliceToString(u.Release[:])
	}
	return fmt.Sprintf("%s, %d cores usable, %s, %s", model, runtime.NumCPU(), kernel, runtime.Version())
}

// Load returns the load average of the last minute, "unknown" where the kernel
// does not tell it.
func Load() string {
	line, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(line))
	if err != nil || len(fields) == 0 {
		return "unknown"
	}
	return fields[0]
}
