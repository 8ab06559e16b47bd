// Command capture runs real mail servers from Debian's packages, each in a
// laboratory of its own (package lab), lets clients fail, succeed and abuse,
// and keeps the lines that the servers wrote as the parsers' testdata.
//
//	capture [-dir DIR] [SERVER…]
//
// Without a name it captures all servers. It needs root and, for packages
// that are not in the cache, Debian's archive; it is meant for a machine that
// is no mail server itself.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/smtpbl/smtpbl/integration/lab"
)

func main() {
	dir := flag.String("dir", "ingest/parse/testdata", "the `directory` to keep the logs in")
	emit := flag.String("emit", "", "capture this `server` alone and write JSON to standard output; for capture's own use")
	flag.Parse()
	run := func() error { return captureAll(*dir, flag.Args()) }
	if *emit != "" {
		run = func() error { return emitOne(*emit) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "capture: error:", err)
		os.Exit(1)
	}
}

// captureAll captures the servers one after the other: each needs a root
// without the others, and a program enters a laboratory only once.
func captureAll(dir string, names []string) error {
	if len(names) == 0 {
		for _, s := range servers {
			names = append(names, s.name)
		}
	}
	for _, name := range names {
		if _, err := find(name); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := captureOne(dir, name); err != nil {
			return fmt.Errorf("capture %s: %w", name, err)
		}
	}
	return nil
}

// captureOne runs this program again for one server and keeps its files.
func captureOne(dir, name string) error {
	cmd := exec.Command("/proc/self/exe", "-emit", name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	var all []captured
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		return fmt.Errorf("read what was captured: %w", err)
	}
	for i := range all {
		if err := all[i].keep(dir); err != nil {
			return err
		}
		progress("%s: %d lines", all[i].file(), bytes.Count(all[i].Log, []byte("\n")))
	}
	return nil
}

// emitOne captures one server in a laboratory.
func emitOne(name string) error {
	s, err := find(name)
	if err != nil {
		return err
	}
	l, err := lab.Enter(lab.Options{
		Say: progress, Packages: append([]string{"rsyslog", "openssl"}, s.packages...), Selections: s.selections,
	})
	if err != nil {
		return err
	}
	all, err := s.capture(l)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "# "+strings.TrimSuffix(format, "\n")+"\n", args...)
}
