package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// notices collects the licences of everything that is linked into the program:
// the BSD, MIT and Apache licences all want their text, and the last one NOTICE
// files, to go with a binary.
func (r *release) notices() error {
	goroot, err := output(nil, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	list, err := output([]string{"GOOS=linux", "GOARCH=" + r.arch, "CGO_ENABLED=0", "GOFLAGS="}, "go", "list", "-deps", "-f",
		`{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}`, "./cmd/smtpbl")
	if err != nil {
		return err
	}
	modules := strings.Split(strings.TrimSpace(string(list)), "\n")
	modules = append(modules, "Go\t"+strings.TrimSpace(string(goroot)))
	slices.Sort(modules)
	var b bytes.Buffer
	b.WriteString("What is linked into the program smtpbl, and the terms on which it may be passed on.\n")
	for _, line := range slices.Compact(modules) {
		if line == "" {
			continue // a package of Go's own
		}
		name, dir, _ := strings.Cut(line, "\t")
		if err := notice(&b, name, dir); err != nil {
			return err
		}
	}
	return putCompressed("third-party-notices.gz", b.Bytes())
}

// notice appends the texts of one module.
func notice(b *bytes.Buffer, name, dir string) error {
	var found []string
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "NOTICE*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return fmt.Errorf("look for the licence of %s: %w", name, err)
		}
		found = append(found, files...)
	}
	if len(found) == 0 {
		return fmt.Errorf("%s has no licence in %s", name, dir)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the licence of %s: %w", name, err)
		}
		fmt.Fprintf(b, "\n%s\n%s (%s)\n\n%s\n", strings.Repeat("-", 72), name, filepath.Base(path), bytes.TrimSpace(text))
	}
	return nil
}
