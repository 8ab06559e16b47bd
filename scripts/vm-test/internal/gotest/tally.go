package gotest

import (
	"bytes"
	"strings"
)

// Tally counts the tests of "-test.v" output that is written to it: those that
// passed or failed without their cases, but each case that was skipped.
type Tally struct {
	Passed          int
	Failed, Skipped []string
	line            []byte
}

// Write never fails.
func (t *Tally) Write(b []byte) (int, error) {
	t.line = append(t.line, b...)
	for {
		line, rest, found := bytes.Cut(t.line, []byte("\n"))
		if !found {
			return len(b), nil
		}
		t.count(string(line))
		t.line = rest
	}
}

func (t *Tally) count(line string) {
	trimmed := strings.TrimLeft(line, " ")
	result, name, found := strings.Cut(strings.TrimPrefix(trimmed, "--- "), ": ")
	if !found || !strings.HasPrefix(trimmed, "--- ") {
		return
	}
	name, _, _ = strings.Cut(name, " ")
	test := trimmed == line
	switch {
	case result == "PASS" && test:
		t.Passed++
	case result == "FAIL" && test:
		t.Failed = append(t.Failed, name)
	case result == "SKIP":
		t.Skipped = append(t.Skipped, name)
	}
}
