package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is one thing that is wrong with a configuration file.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`           // counted from 1
	Column  int    `json:"column"`         // in characters, counted from 1
	Key     string `json:"key,omitempty"`  // for example policy.window; empty for a syntax error
	Message string `json:"message"`        // what is wrong
	Hint    string `json:"hint,omitempty"` // what to do about it
	Source  string `json:"-"`              // the line of the file
	Width   int    `json:"-"`              // characters to mark, at least 1
}

// Faults is the error of a file that is not a valid configuration. They are
// in the order of the file.
type Faults []Fault

// Error shows every fault with its line and marks the place.
func (f Faults) Error() string {
	var b strings.Builder
	for i, fault := range f {
		if i > 0 {
			b.WriteString("\n\n")
		}
		fault.render(&b)
	}
	return b.String()
}

// render writes what a compiler would: the place, the line, marks below it
// and the hint.
func (f Fault) render(b *strings.Builder) {
	source, column, width := clip([]rune(f.Source), f.Column, f.Width)
	fmt.Fprintf(b, "%s:%d:%d: %s\n", f.File, f.Line, f.Column, f.Message)
	number := fmt.Sprintf("%5d", f.Line)
	fmt.Fprintf(b, "%s | %s\n", number, string(source))
	b.WriteString(strings.Repeat(" ", len(number)) + " | ")
	for i := range column - 1 {
		if i < len(source) && source[i] == '\t' {
			b.WriteByte('\t') // keeps the marks below their place whatever a tab's width
			continue
		}
		b.WriteByte(' ')
	}
	b.WriteString(strings.Repeat("^", width))
	if f.Hint != "" {
		fmt.Fprintf(b, "\n%s = hint: %s", strings.Repeat(" ", len(number)), f.Hint)
	}
}

// maxShown is how many characters of a line are shown.
const maxShown = 160

// clip cuts a long line down to the part around the marks.
func clip(source []rune, column, width int) (shown []rune, newColumn, newWidth int) {
	if len(source) <= maxShown {
		return source, column, width
	}
	start := max(0, column-1-maxShown/4)
	end := min(len(source), start+maxShown)
	return source[start:end], column - start, min(width, end-(column-1))
}

// place finds the line of a span and fills in where it is.
func (f *Fault) place(data []byte, s span) {
	start := min(s.start, len(data))
	first := 0
	f.Line = 1
	for i, c := range data[:start] {
		if c == '\n' {
			f.Line++
			first = i + 1
		}
	}
	// The parser may point into the middle of a character.
	for start > first && start < len(data) && !utf8.RuneStart(data[start]) {
		start--
	}
	last := len(data)
	if i := strings.IndexByte(string(data[start:]), '\n'); i >= 0 {
		last = start + i
	}
	line := data[first:last]
	f.Source = printable(strings.TrimSuffix(string(line), "\r"))
	f.Column = utf8.RuneCount(data[first:start]) + 1
	f.Width = max(1, utf8.RuneCount(data[start:max(start, min(s.end, last))]))
	f.Width = max(1, min(f.Width, utf8.RuneCountInString(f.Source)-f.Column+1))
}

// printable replaces what a terminal could take for a command. It keeps the
// number of characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}
