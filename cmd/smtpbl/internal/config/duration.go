package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func parseDuration(s string, low, high time.Duration) (time.Duration, *problem) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, &problem{message: fmt.Sprintf("%q is not a time span", s), hint: durationHint(s)}
	case d < low || d > high:
		return 0, &problem{
			message: fmt.Sprintf("%q is out of range", s),
			hint:    fmt.Sprintf("write a time span from %q to %q", formatDuration(low), formatDuration(high)),
		}
	}
	return d, nil
}

// durationHint translates days and weeks, which the syntax of Go does not have.
func durationHint(s string) string {
	for unit, hours := range map[string]int{"d": 24, "w": 7 * 24} {
		number, found := strings.CutSuffix(s, unit)
		if n, err := strconv.Atoi(number); found && err == nil && n > 0 && n <= 3650 {
			return fmt.Sprintf("the longest unit is the hour: write %q", strconv.Itoa(n*hours)+"h")
		}
	}
	return `write for example "90s", "10m", "24h" or "1h30m"`
}

// formatDuration leaves out the parts that are zero: 24h, not 24h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
