package gotest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTally(t *testing.T) {
	var got Tally
	const output = `=== RUN   TestA
    a_test.go:1: --- FAIL: not a result
--- PASS: TestA (0.00s)
    --- PASS: TestA/case (0.00s)
--- FAIL: TestB (1.20s)
    --- FAIL: TestB/case (0.00s)
    --- SKIP: TestB/old (0.00s)
--- SKIP: TestC (0.00s)
PASS
`
	for _, b := range []byte(output) { // as slowly as a serial port may be
		fmt.Fprintf(&got, "%c", b)
	}
	want := Tally{Passed: 1, Failed: []string{"TestB"}, Skipped: []string{"TestB/old", "TestC"}, line: []byte{}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Tally{})); d != "" {
		t.Error("tally (-want +got):", d)
	}
}
