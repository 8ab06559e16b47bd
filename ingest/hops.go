package ingest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxHops is how many symbolic links are followed, as in the kernel
// (linux include/linux/namei.h, MAXSYMLINKS).
const maxHops = 40

// hops returns the names whose change can change what path leads to: every
// symbolic link on the way, and the end of the way. Where a part is missing,
// that part is the end, since its appearance is what matters.
func hops(path string) []string {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	var names []string
	done, rest := "/", strings.Split(strings.Trim(path, "/"), "/")
	for links := 0; len(rest) > 0; {
		name := filepath.Join(done, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(name)
		if err != nil {
			return append(names, name)
		}
		if info.Mode()&os.ModeSymlink == 0 || links == maxHops {
			done = name
			continue
		}
		links++
		names = append(names, name)
		target, err := os.Readlink(name)
		if err != nil {
			return names
		}
		if filepath.IsAbs(target) {
			done = "/"
		}
		rest = append(strings.Split(strings.Trim(target, "/"), "/"), rest...)
	}
	return append(names, done)
}

// namesOf returns the hops of a path, or of all that a pattern leads to so far.
// In each directory where a part of the pattern is to match, every name
// counts: the last part of that hop is then a pattern.
func namesOf(path string) []string {
	if !isPattern(path) {
		return hops(path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	return patternHops("/", strings.Split(strings.Trim(path, "/"), "/"))
}

// patternHops is namesOf for what parts, some of them patterns, lead to in dir.
func patternHops(dir string, parts []string) []string {
	i := slices.IndexFunc(parts, isPattern)
	if i < 0 {
		return hops(filepath.Join(dir, filepath.Join(parts...)))
	}
	dir = filepath.Join(dir, filepath.Join(parts[:i]...))
	names := hops(dir)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return names
	}
	names = append(names, filepath.Join(dir, "*"))
	if i == len(parts)-1 {
		return names
	}
	matches, err := filepath.Glob(filepath.Join(dir, parts[i]))
	if err != nil {
		return names // a malformed pattern is its user's to report
	}
	for _, match := range matches {
		names = append(names, patternHops(match, parts[i+1:])...)
	}
	return names
}
