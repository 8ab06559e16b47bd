package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/smtpbl/smtpbl/integration/internal/peers"
)

// The columns of the matrix.
const (
	columnOurs = iota
	columnUsual
	columnStrict
	columnSSHGuard
	columns
)

var columnNames = [columns]string{"smtpbl", "fail2ban", "fail2ban, strictest", "sshguard"}

// peerPackages are the Debian packages of the other columns.
var peerPackages = []string{"fail2ban", "sshguard"}

// A grid holds the marks of each row of each section.
type grid [][][columns]mark

// ours fills the column of smtpbl, which needs nothing but this program.
func ours(sections []section) grid {
	g := make(grid, len(sections))
	for i := range sections {
		s := &sections[i]
		g[i] = make([][columns]mark, len(s.rows))
		for j := range s.rows {
			g[i][j][columnOurs] = judgeOurs(s.rows[j].want, events(s.service, s.lines(j)))
		}
	}
	return g
}

// fetch fetches the other programs into dir and returns the versions of their
// packages.
func fetch(ctx context.Context, dir string) (peers.Finder, map[string]string, error) {
	f := peers.Finder{Root: filepath.Join(dir, "peers"), Strict: true}
	versions, err := peers.Fetch(ctx, f.Root, peerPackages...)
	if err != nil {
		return f, nil, fmt.Errorf("fetch the other programs: %w", err)
	}
	for name, version := range versions {
		versions[name] = rebuilt.ReplaceAllString(version, "")
	}
	return f, versions, nil
}

// addPeers fills the columns of the other programs. It writes below dir.
func (g grid) addPeers(ctx context.Context, f peers.Finder, sections []section, dir string) error {
	filters, err := runFilters(ctx, f, dir, sections)
	if err != nil {
		return err
	}
	sshg, err := sshguard(ctx, f, all(sections))
	if err != nil {
		return err
	}
	for i := range sections {
		s := &sections[i]
		for j := range s.rows {
			g[i][j][columnUsual] = judgeFilters(s, j, s.usual, filters)
			g[i][j][columnStrict] = judgeFilters(s, j, s.strict, filters)
			g[i][j][columnSSHGuard] = judge(s.rows[j].want, sshg.of(s.lines(j)))
		}
	}
	return nil
}

// rebuilt is what Debian adds to a version when it builds a package once more
// for one architecture.
var rebuilt = regexp.MustCompile(`\+b\d+$`)

// runFilters runs each of fail2ban's filters once, over the lines of all
// sections that it is for.
func runFilters(ctx context.Context, f peers.Finder, dir string, sections []section) (map[string]blame, error) {
	texts := map[string][]string{}
	for i := range sections {
		for _, filter := range union(sections[i].usual, sections[i].strict) {
			texts[filter] = append(texts[filter], all(sections[i:i+1])...)
		}
	}
	blames := map[string]blame{}
	for filter, lines := range texts {
		b, err := fail2ban(ctx, f, dir, filter, lines)
		if err != nil {
			return nil, err
		}
		blames[filter] = b
	}
	return blames, nil
}

// judgeFilters judges several filters as one.
func judgeFilters(s *section, row int, filters []string, blames map[string]blame) mark {
	if len(filters) == 0 {
		return unable
	}
	merged := blame{}
	for _, filter := range filters {
		for line, addrs := range blames[filter] {
			merged[line] = append(merged[line], addrs...)
		}
	}
	return judge(s.rows[row].want, merged.of(s.lines(row)))
}

// all returns the lines of the sections.
func all(sections []section) []string {
	var lines []string
	for i := range sections {
		s := &sections[i]
		for j := range s.rows {
			lines = append(lines, s.lines(j)...)
		}
	}
	return lines
}

// union is both lists without repetition.
func union(a, b []string) []string {
	seen, out := map[string]bool{}, []string(nil)
	for _, list := range [][]string{a, b} {
		for _, x := range list {
			if !seen[x] {
				seen[x] = true
				out = append(out, x)
			}
		}
	}
	return out
}
