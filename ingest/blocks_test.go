package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readBlocks returns r's lines, read by so many goroutines.
func readBlocks(r io.Reader, goroutines int) ([]string, LineStats, error) {
	var all []string
	first := func(b *Block[[]string]) {
		b.Made = b.Made[:0]
		b.Each(func(line []byte) { b.Made = append(b.Made, string(line)) })
	}
	x := NewBlocks(slices.Repeat([]func(*Block[[]string]){first}, goroutines), func(b *Block[[]string]) {
		all = append(all, b.Made...)
	})
	stats, err := x.Read(r)
	return all, stats, err
}

// TestBlocks reads what is hard to cut, in reads of several sizes.
func TestBlocks(t *testing.T) {
	long := strings.Repeat("y", DefaultMaxLine)
	hole := strings.Repeat("\x00", 3*scanBuffer)
	for name, c := range map[string]struct {
		text string
		want []string
		long uint64
	}{
		"nothing":                  {},
		"only a hole":              {text: hole},
		"unterminated":             {text: "first\n\nlast", want: []string{"first", "", "last"}},
		"hole before a line":       {text: "a\n" + hole + "b\n" + hole, want: []string{"a", "b"}},
		"hole of one line":         {text: "a\n" + hole + "\nb", want: []string{"a", "", "b"}},
		"just long enough":         {text: "a\n" + long + "\nb", want: []string{"a", long, "b"}},
		"one too long":             {text: "a\n" + long + "z\nb", want: []string{"a", long, "b"}, long: 1},
		"two and a half times":     {text: long + long + long[:len(long)/2] + "\nb", want: []string{long, "b"}, long: 1},
		"hole before too long":     {text: hole + long + long + "\n" + long + "\n", want: []string{long, long}, long: 1},
		"too long, unterminated":   {text: "a\n" + long + "z", want: []string{"a", long}, long: 1},
		"much too long, unended":   {text: "a\n" + long + long + long, want: []string{"a", long}, long: 1},
		"long, then a long rest":   {text: long[:len(long)/2] + "\n" + long[:len(long)/2], want: []string{long[:len(long)/2], long[:len(long)/2]}},
		"one line for each number": {text: lines(50_000), want: strings.Split(lines(50_000), "\n")[:50_000]},
	} {
		for reading, r := range map[string]io.Reader{
			"at once":   strings.NewReader(c.text),
			"in halves": iotest.HalfReader(strings.NewReader(c.text)),
			"with EOF":  iotest.DataErrReader(strings.NewReader(c.text)),
		} {
			t.Run(name+" "+reading, func(t *testing.T) {
				got, stats, err := readBlocks(r, 1+len(c.text)%3)
				must(t, err)
				if !slices.Equal(c.want, got) {
					t.Errorf("%d lines differ (-want +got):\n%.500s", len(got), cmp.Diff(c.want, got))
				}
				want := LineStats{Lines: uint64(len(c.want)), Bytes: uint64(len(c.text)), OverLong: c.long}
				if diff := cmp.Diff(want, stats); diff != "" {
					t.Errorf("statistics (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// FuzzBlocks cuts text where reads of any size end and compares with the
// splitter's rule.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nlast"), []byte{1, 5, 2})
	f.Add([]byte("\x00\x00hole\nx\n\x00"), []byte{3})
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		want, _ := splitAll(text, DefaultMaxLine)
		for goroutines := 1; goroutines <= 3; goroutines++ {
			got, stats, err := readBlocks(&choppy{rest: text, cuts: cuts}, goroutines)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("lines with %d goroutines (-want +got):\n%s", goroutines, diff)
			}
			if stats.Lines != uint64(len(want)) || stats.Bytes != uint64(len(text)) {
				t.Fatalf("statistics %+v of %d lines, %d bytes", stats, len(want), len(text))
			}
		}
	})
}

// choppy reads as many bytes at a time as cuts say.
type choppy struct {
	rest, cuts []byte
	reads      int
}

func (r *choppy) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := len(r.rest)
	if len(r.cuts) > 0 {
		n = min(n, 1+int(r.cuts[r.reads%len(r.cuts)])%17)
		r.reads++
	}
	n = copy(p, r.rest[:n])
	r.rest = r.rest[n:]
	return n, nil
}

func TestBlocksReportAnError(t *testing.T) {
	for goroutines := 1; goroutines <= 2; goroutines++ {
		broken := io.MultiReader(strings.NewReader("ab\ncd"), iotest.ErrReader(iotest.ErrTimeout))
		got, stats, err := readBlocks(broken, goroutines)
		if !errors.Is(err, iotest.ErrTimeout) || stats.Lines != 2 || stats.Bytes != 5 {
			t.Errorf("got %+v, %v", stats, err)
		}
		if diff := cmp.Diff([]string{"ab", "cd"}, got); diff != "" {
			t.Errorf("lines before the error (-want +got):\n%s", diff)
		}
	}
}

// TestBlocksAreBounded reads a log of which much more would fit in memory if
// blocks were not used again.
func TestBlocksAreBounded(t *testing.T) {
	text := bytes.Repeat([]byte(benchLine), 1000)
	seen := map[*Block[struct{}]]bool{}
	first := func(b *Block[struct{}]) { b.Each(func([]byte) {}) }
	x := NewBlocks([]func(*Block[struct{}]){first, first}, func(b *Block[struct{}]) { seen[b] = true })
	parts := make([]io.Reader, 200)
	for i := range parts {
		parts[i] = bytes.NewReader(text)
	}
	stats, err := x.Read(io.MultiReader(parts...))
	must(t, err)
	if stats.Lines != 200_000 || len(seen) > 6 {
		t.Errorf("%d lines in %d blocks", stats.Lines, len(seen))
	}
}
