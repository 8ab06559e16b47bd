package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is the name of the log: server, upstream version, part.
func (c *captured) file() string {
	name := c.Server + "-" + upstream(c.Version)
	if c.Part != "" {
		name += "-" + c.Part
	}
	return name + ".log"
}

// upstream takes epoch, revision and repacking suffix off a Debian version.
func upstream(version string) string {
	if _, rest, found := strings.Cut(version, ":"); found {
		version = rest
	}
	if i := strings.LastIndexByte(version, '-'); i >= 0 {
		version = version[:i]
	}
	if i := strings.IndexAny(version, "+~"); i >= 0 {
		version = version[:i]
	}
	return version
}

// row is the line of the table that says where the file comes from.
func (c *captured) row(now time.Time) string {
	return fmt.Sprintf("| %s | %s %s | %s | %s | %s |\n",
		c.file(), c.Package, c.Version, c.Release, now.Format(time.DateOnly), c.What)
}

// keep writes the log into dir and its provenance into the README.md there.
func (c *captured) keep(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, c.file()), c.Log, 0o644); err != nil {
		return fmt.Errorf("keep a log: %w", err)
	}
	name := filepath.Join(dir, "README.md")
	readme, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("keep the provenance: %w", err)
	}
	text, err := withRow(readme, c.row(time.Now().UTC()))
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return fmt.Errorf("keep the provenance: %w", err)
	}
	return nil
}

// tableHead begins the table that the rows go to.
const tableHead = "| captured file | package | distribution | date | settings |\n|---|---|---|---|---|\n"

// withRow puts a row into the table, in place of the file's older one.
func withRow(readme []byte, row string) ([]byte, error) {
	before, rest, found := bytes.Cut(readme, []byte(tableHead))
	if !found {
		return nil, fmt.Errorf("find the table of captured files: no line %q", strings.TrimSpace(tableHead))
	}
	key := row[:strings.IndexByte(row[1:], '|')+2]
	var rows []string
	placed := false
	for len(rest) > 0 && rest[0] == '|' {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if strings.HasPrefix(string(line), key) {
			rows, placed = append(rows, row), true
			continue
		}
		rows = append(rows, string(line)+"\n")
	}
	if !placed {
		rows = append(rows, row)
	}
	return slices.Concat(before, []byte(tableHead+strings.Join(rows, "")), rest), nil
}
