package main

import (
	"strings"
	"time"
)

// around returns what the service logged, in all its lives, between two
// moments of the Machine's clock.
func (c *campaign) around(from, to time.Duration) []string {
	begin := time.Now().Add(-c.machine.Now())
	var out []string
	for _, log := range c.logs {
		for line := range strings.Lines(log.String()) {
			if at, ok := loggedAt(line); ok && at.After(begin.Add(from)) && at.Before(begin.Add(to)) {
				out = append(out, at.Sub(begin).Round(time.Millisecond).String()+" "+strings.TrimSpace(line))
			}
		}
	}
	return out
}

// loggedAt reads the time with which slog's text begins.
func loggedAt(line string) (time.Time, bool) {
	word, _, _ := strings.Cut(line, " ")
	text, found := strings.CutPrefix(word, "time=")
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, found && err == nil
}
