package ingest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// splitAll is the splitter's rule said in another way: whole text at once.
func splitAll(text []byte, limit int) (lines []string, long uint64) {
	parts := bytes.Split(text, []byte("\n"))
	for i, part := range parts {
		part = bytes.TrimLeft(part, "\x00")
		if i == len(parts)-1 && len(part) == 0 {
			break
		}
		if len(part) > limit {
			part = part[:limit]
			long++
		}
		lines = append(lines, string(part))
	}
	return lines, long
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nlast"), []byte{1, 5, 2})
	f.Add([]byte("\x00\x00hole\nlonger than the limit\nx\n"), []byte{3})
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		const limit = 12
		s := splitter{max: limit}
		var got []string
		emit := func(line []byte) { got = append(got, string(line)) }
		rest := text
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(n, 1+int(cuts[i%len(cuts)])%17)
			}
			s.feed(rest[:n], emit)
			rest = rest[n:]
			done := int64(len(text) - len(rest))
			if start := int64(bytes.LastIndexByte(text[:done], '\n')) + 1; done-s.pending != start {
				t.Fatalf("after %d bytes the open line starts at %d, want %d", done, done-s.pending, start)
			}
			if len(s.carry) > limit {
				t.Fatalf("%d bytes held back", len(s.carry))
			}
		}
		s.flush(emit)
		want, long := splitAll(text, limit)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("lines (-want +got):\n%s", diff)
		}
		if s.long != long {
			t.Fatalf("%d over-long lines counted, want %d", s.long, long)
		}
	})
}

func TestSplitterGivesMemoryBack(t *testing.T) {
	s := splitter{max: DefaultMaxLine}
	s.feed([]byte(strings.Repeat("x", DefaultMaxLine)), nil)
	s.feed([]byte("\n"), func([]byte) {})
	if cap(s.carry) > 64<<10 {
		t.Fatalf("%d bytes kept", cap(s.carry))
	}
}
