package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// positionIn is a position at offset in a file of that content.
func positionIn(content string, offset int64) *Position {
	head := content[:min(len(content), headLen)]
	return &Position{Fingerprint: headHash([]byte(head)), FingerprintLen: len(head), Offset: offset}
}

// What was opened stays what it is, whatever happens to its name.
func TestPastOutlivesItsName(t *testing.T) {
	path := logPath(t)
	write(t, path+".1", "one\n")
	logs := openFrom(path, positionIn("one\n", 0))
	defer closeAll(logs)
	if len(logs) != 1 {
		t.Fatalf("opened %d logs, want 1", len(logs))
	}
	must(t, os.Remove(path+".1"))
	write(t, path+".1", "two\n")
	rc, err := logs[0].open()
	must(t, err)
	got, err := io.ReadAll(rc)
	must(t, err)
	must(t, rc.Close())
	if string(got) != "one\n" {
		t.Fatalf("read %q", got)
	}
}

func TestPastMovedAfterListing(t *testing.T) {
	path := logPath(t)
	write(t, path+".1", "one\n")
	write(t, path+".2", "two\n")
	listed := rotated(path)
	must(t, os.Rename(path+".1", path+".3"))
	must(t, os.Rename(path+".2", path+".1"))
	for _, r := range listed {
		if p, err := openPast(r); !errors.Is(err, errMoved) {
			t.Errorf("%s: %v, %v", r.path, p, err)
		}
	}
}

// Logs are numbered on, as logrotate does it, while one of them is looked for.
func TestPastWhileNumbersChange(t *testing.T) {
	path := logPath(t)
	const logs = 5
	contents := make([]string, logs)
	for i := range logs {
		contents[i] = fmt.Sprintf("log %d\n", i)
		name := fmt.Sprintf("%s.%d", path, logs-i)
		write(t, name, contents[i])
		must(t, os.Chtimes(name, time.Time{}, time.Unix(int64(1_800_000_000+i), 0)))
	}
	found := 0
	for round := range 300 {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i := range logs {
				at := round + 1 + logs - i
				if err := os.Rename(fmt.Sprintf("%s.%d", path, at-1), fmt.Sprintf("%s.%d", path, at)); err != nil {
					t.Error(err)
				}
			}
		}()
		i := round % logs
		want := contents[i]
		got := openFrom(path, positionIn(want, 0))
		for k, p := range got {
			if string(p.head) != contents[i+k] {
				t.Errorf("log %d after %q is %q", k, want, p.head)
			}
			found++
		}
		closeAll(got)
		<-ended
	}
	if found < 300 {
		t.Errorf("opened %d logs in 300 searches", found)
	}
}

func TestPositionMatches(t *testing.T) {
	hole := strings.Repeat("\x00", 2*headLen)
	tests := []struct {
		name, was, is string
		offset        int64
		matches       bool
		continues     bool
	}{
		{"same", "one\ntwo\n", "one\ntwo\n", 4, true, true},
		{"grown", "one\n", "one\ntwo\n", 4, true, true},
		{"another", "one\n", "two\n", 4, false, false},
		{"shorter", "one\ntwo\n", "one\n", 4, false, false},
		{"empty then", "", "one\n", 0, false, true},
		{"hole, line's start", hole + "one\n", hole + "one\ntwo\n", int64(len(hole) + 4), false, true},
		{"hole, within a line", hole + "one\n", hole + "longer\n", int64(len(hole) + 4), false, false},
		{"hole, within the hole", hole + "one\n", hole + hole + "one\n", int64(len(hole) + 4), false, false},
		{"hole with a line in the head", hole[:5] + "one\n", hole[:5] + "one\n", 9, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pos, head := positionIn(test.was, test.offset), []byte(test.is[:min(len(test.is), headLen)])
			if got := pos.matches(head); got != test.matches {
				t.Errorf("matches: %v", got)
			}
			if got := pos.continues(strings.NewReader(test.is), head); got != test.continues {
				t.Errorf("continues: %v", got)
			}
		})
	}
}

// A log with a hole at its beginning is cut again. The older copy begins with
// NUL bytes as well, and what stands in it was read long ago.
func TestHoleIsNoFingerprint(t *testing.T) {
	path := logPath(t)
	hole := strings.Repeat("\x00", 2*headLen)
	write(t, path+".1", hole+"long ago\nand after\n")
	write(t, path, hole+"first\n")
	r := run(t, FileConfig{Path: path})
	r.want(t, false, "first")
	must(t, os.Truncate(path, 0))
	eventually(t, func() bool { return r.Stats().Truncations == 1 }, func() string { return "truncation not counted" })
	write(t, path, "new\n")
	r.want(t, true, "new")
	r.silent(t)
}
