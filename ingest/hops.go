package ingest

import (
	"os"
	"path/filepath"
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
