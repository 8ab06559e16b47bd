// Command corpus scores smtpbl's parsers on log lines that others have
// labelled: "corpus DIR" reads DIR/*.jsonl, one object a line, and prints
// recall and precision by server and event.
//
// An object has these fields: "line", the raw log line; "service", the server;
// "event", what the line is held to be (auth_fail, auth_ok, abuse or none);
// "ip", the client, null where the line does not tell; "source", from where the
// line is; "note", free text. A bare message without a syslog header has a note
// with the words "no syslog prefix" or "prefix-less", and "program=NAME" where
// the program is known; such lines are scored apart, and so are those of servers
// that smtpbl does not read. A line whose note says "no timestamp/host prefix"
// begins with the program. A line that stands in several files counts once, as
// in the last of them.
//
// The labels that disputed.txt holds to be wrong, with the reasons, are left
// out of the tables. The sums below each table are of all labels as they stand.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	verbose := flag.Bool("v", false, "print each fault and its line's hash")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: corpus [-v] DIR")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), disputedFile, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "corpus: error:", err)
		os.Exit(1)
	}
}

var errNoLines = errors.New("no *.jsonl there")

// run scores the lines of a directory but those whose labels disputes lists.
func run(w io.Writer, dir, disputes string, verbose bool) error {
	disputed, err := readDisputed(disputes)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("find labelled lines in %s: %w", dir, errors.Join(err, errNoLines))
	}
	lines, err := readAll(files)
	if err != nil {
		return err
	}
	whole, bare, other := newScore("lines"), newScore("bare messages"), newScore("lines of servers that smtpbl does not read")
	for i := range lines {
		s := whole
		if !served[lines[i].Service] {
			s = other
		} else if lines[i].bare() {
			s = bare
		}
		s.add(&lines[i].labelled, lines[i].verdict, disputed)
	}
	for _, s := range []*score{whole, bare, other} {
		if err := s.print(w, verbose); err != nil {
			return err
		}
	}
	return nil
}

// scored is a line and what smtpbl makes of it.
type scored struct {
	labelled
	verdict
}

// readAll reads each file as a log of its own.
func readAll(files []string) ([]scored, error) {
	var all []scored
	at := map[string]int{}
	for _, name := range files {
		lines, err := read(name)
		if err != nil {
			return nil, err
		}
		r := newReading()
		for i := range lines {
			s := scored{lines[i], r.verdict(&lines[i])}
			if before, again := at[s.Line]; again {
				all[before] = s
				continue
			}
			at[s.Line] = len(all)
			all = append(all, s)
		}
	}
	return all, nil
}
