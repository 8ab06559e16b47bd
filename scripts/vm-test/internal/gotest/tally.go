package gotest

import (
	"bytes"
	"strings"
)

// Tally counts the tests of "-test.v" output that is written to it, without
// their cases.
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
	result, name, found := strings.Cut(strings.TrimPrefix(line, "--- "), ": ")
	if !found || !strings.HasPrefix(line, "--- ") {
		return
	}
	name, _, _ = strings.Cut(name, " ")
	switch result {
	case "PASS":
		t.Passed++
	case "FAIL":
		t.Failed = append(t.Failed, name)
	case "SKIP":
		t.Skipped = append(t.Skipped, name)
	}
}
