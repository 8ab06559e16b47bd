package ingest

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packedSuffixes are the endings that compressed logs have. They serve to
// find the logs; how to read one is decided by its content.
var packedSuffixes = []string{".gz", ".zst", ".xz"}

// rotation is a rotated log as a listing of its directory shows it.
type rotation struct {
	path string
	info os.FileInfo
}

// same reports whether b is the same file, whatever its name.
func (r rotation) same(b rotation) bool { return idOf(r.info) == idOf(b.info) }

// rotated returns the rotated predecessors of the log at path, the oldest
// first: path.1, path-20260102, name-20260102.ext and the like, compressed or
// not, in the log's directory and in others where they are known to be moved
// to. While a log is being compressed both forms stand there; the plain one is
// whole and is taken.
func rotated(path string, others ...string) []rotation {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir, base := filepath.Split(path)
	dirs := append([]string{filepath.Clean(dir)}, others...)
	slices.Sort(dirs)
	found, plains := map[string]rotation{}, map[string]bool{}
	for _, dir := range slices.Compact(dirs) {
		for _, entry := range namesIn(dir) {
			name, plain := unpackedName(entry)
			if !isRotation(name, base) {
				continue
			}
			stem, path := filepath.Join(dir, name), filepath.Join(dir, entry)
			if plains[stem] && !plain {
				continue
			}
			if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
				found[stem], plains[stem] = rotation{path, info}, plain
			}
		}
	}
	list := slices.Collect(maps.Values(found))
	// Compressing keeps the time of the last write (gzip, zstd and xz do).
	slices.SortFunc(list, func(a, b rotation) int {
		if c := a.info.ModTime().Compare(b.info.ModTime()); c != 0 {
			return c
		}
		return olderName(a.path, b.path)
	})
	return list
}

// olderName orders two rotations of one log that were last written at the
// same time: numbers count away from the present, dates towards it.
func olderName(a, b string) int {
	a, _ = unpackedName(a)
	b, _ = unpackedName(b)
	order := cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	if strings.HasSuffix(strings.TrimRight(a, "0123456789"), ".") {
		return -order
	}
	return order
}

// unpackedName returns name without the ending of a compressed file, and
// whether it had none.
func unpackedName(name string) (stem string, plain bool) {
	for _, suffix := range packedSuffixes {
		if stem, found := strings.CutSuffix(name, suffix); found {
			return stem, false
		}
	}
	return name, true
}

// isRotation reports whether stem is base with a number or date in it, where
// logrotate puts it: at the end, or before the extension.
func isRotation(stem, base string) bool {
	if mark, found := strings.CutPrefix(stem, base); found && isMark(mark) {
		return true
	}
	ext := filepath.Ext(base)
	mark, found := strings.CutPrefix(stem, strings.TrimSuffix(base, ext))
	if !found || ext == "" {
		return false
	}
	mark, found = strings.CutSuffix(mark, ext)
	return found && isMark(mark)
}

// origins returns the names of which stem can be a rotation, as isRotation
// sees it.
func origins(stem string) (bases []string) {
	end := strings.LastIndexByte(stem, '.')
	for i := range len(stem) {
		if isMark(stem[i:]) {
			bases = append(bases, stem[:i])
		}
		if i < end && isMark(stem[i:end]) {
			bases = append(bases, stem[:i]+stem[end:])
		}
	}
	return bases
}

// isMark reports whether mark is what logrotate or savelog add to a name:
// ".1", "-20260102", "-20260102-1767312000".
func isMark(mark string) bool {
	if len(mark) < 2 || (mark[0] != '.' && mark[0] != '-') || mark[1] < '0' || mark[1] > '9' {
		return false
	}
	return strings.Trim(mark[1:], "0123456789-_") == ""
}
