package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// printer writes for a reader; colours only for one at a terminal.
type printer struct {
	w       io.Writer
	colours bool
}

// The colours, as parameters of ECMA-48's SGR sequence.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func newPrinter(f *os.File) *printer {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return &printer{w: f, colours: err == nil && os.Getenv("NO_COLOR") == ""}
}

func (p *printer) line(colour, text string) {
	if p.colours && colour != "" {
		text = "\x1b[" + colour + "m" + text + "\x1b[0m"
	}
	_, _ = fmt.Fprintln(p.w, text) // nobody to tell if the reader has left
}

// progress reports what is prepared.
func (p *printer) progress(format string, args ...any) {
	p.line(dim, ". "+fmt.Sprintf(format, args...))
}

// title begins a step.
func (p *printer) title(format string, args ...any) {
	p.line(bold, "\n"+fmt.Sprintf(format, args...))
}

// quote shows what another program said.
func (p *printer) quote(text string) {
	for line := range strings.Lines(text) {
		p.line(dim, "    "+strings.TrimRight(line, "\n"))
	}
}

// claim says what should be and whether it is.
func (p *printer) claim(err error, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if err != nil {
		p.line(red, "  NOT OK  "+text)
		return fmt.Errorf("%s: %w", text, err)
	}
	p.line(green, "  ok  "+text)
	return nil
}
