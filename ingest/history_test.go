package ingest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// plainStamp reads an RFC 3339 stamp, as rsyslog's own format begins.
func plainStamp(line []byte, _ time.Time, _ *time.Location) (time.Time, bool) {
	stamp, _, _ := bytes.Cut(line, []byte(" "))
	when, err := time.Parse(time.RFC3339, string(stamp))
	return when, err == nil
}

// pack compresses a log, as logrotate does.
func pack(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(content)
	must(t, err)
	must(t, w.Close())
	must(t, os.WriteFile(to, packed.Bytes(), 0o600))
}

// stampedLog is a log of one line a second from begin on; every tenth line has
// no stamp.
func stampedLog(begin time.Time, lines int) string {
	var b strings.Builder
	for i := range lines {
		if i%10 == 9 {
			fmt.Fprintf(&b, "\tcontinued %d\n", i)
			continue
		}
		fmt.Fprintf(&b, "%s line %d\n", begin.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i)
	}
	return b.String()
}

func TestSeek(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	stamp := func(line []byte) (time.Time, bool) { return plainStamp(line, begin, time.UTC) }
	for _, lines := range []int{0, 1, 2, 100, 3000, 50_000} {
		text := stampedLog(begin, lines)
		for _, at := range []int{-1, 0, 1, 57, 99, 1500, 2999, 31_234, 49_998, 60_000} {
			since := begin.Add(time.Duration(at) * time.Second)
			s := seeker{r: strings.NewReader(text), stamp: stamp}
			got, err := s.seek(int64(len(text)), since)
			must(t, err)
			rest := text[got:]
			if got > 0 && text[got-1] != '\n' {
				t.Fatalf("%d lines, since %d: %d is no line's start", lines, at, got)
			}
			// All stamped lines before are older, and the first behind is not.
			for line := range strings.Lines(text[max(0, got-4096):got]) {
				if when, ok := stamp([]byte(line)); ok && !when.Before(since) {
					t.Fatalf("%d lines, since %d: passed over %q", lines, at, line)
				}
			}
			first, _, _ := strings.Cut(rest, "\n")
			if when, ok := stamp([]byte(first)); ok && when.Before(since) {
				t.Fatalf("%d lines, since %d: begins with %q", lines, at, first)
			}
		}
	}
}

func TestFirstStartReadsHistory(t *testing.T) {
	path := logPath(t)
	now := time.Now().Truncate(time.Second)
	hours := func(n int) time.Time { return now.Add(-time.Duration(n) * time.Hour) }
	line := func(n int) string { return fmt.Sprintf("%s %d hours ago", hours(n).Format(time.RFC3339), n) }
	put := func(path string, written int, lines ...string) {
		write(t, path, strings.Join(lines, "\n")+"\n")
		must(t, os.Chtimes(path, time.Time{}, hours(written)))
	}
	put(path+".3", 40, line(50), line(40))
	put(path+".2", 20, line(30), line(20))
	pack(t, path+".2", path+".2.gz")
	must(t, os.Remove(path+".2"))
	must(t, os.Chtimes(path+".2.gz", time.Time{}, hours(20)))
	put(path+".1", 10, line(19), line(10))
	put(path, 1, line(9), line(1))
	tests := []struct {
		history int
		want    []string
	}{
		{0, nil},
		{5, []string{line(1)}},
		{15, []string{line(10), line(9), line(1)}},
		{25, []string{line(30), line(20), line(19), line(10), line(9), line(1)}},
		{45, []string{line(40), line(30), line(20), line(19), line(10), line(9), line(1)}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.history, " hours"), func(t *testing.T) {
			r := run(t, FileConfig{Path: path, Stamp: plainStamp, History: time.Duration(test.history) * time.Hour})
			r.want(t, false, test.want...)
			r.silent(t)
		})
	}
}
