package packaging

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// traces is what a package can leave on a machine: files, users and firewall
// rules, a line each.
func traces(t *testing.T) []string {
	t.Helper()
	all := strings.Split(run(t, "nft", "list", "ruleset")+run(t, "getent", "passwd")+run(t, "getent", "group"), "\n")
	for _, root := range []string{"/etc", "/usr", "/var", "/run", "/srv", "/root"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case kept(path) && d.IsDir():
				return fs.SkipDir
			case kept(path):
				return nil
			}
			line, err := trace(path)
			all = append(all, line)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return all
}

// kept tells what is not the package's doing or changes with every package: the
// records of dpkg and of the users' database, ufw's own lock, which every command
// of ufw leaves, and folders that no package writes.
func kept(path string) bool {
	switch path {
	case "/var/lib/dpkg", "/var/log", "/var/cache", "/root", "/usr/local", lab.BuiltDir,
		"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock", "/run/ufw.lock":
		return true
	}
	return false
}

// trace tells mode, owner and, of what can be configured, the content.
func trace(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	owner := info.Sys().(*syscall.Stat_t)
	line := fmt.Sprintf("%s %v %d:%d", path, info.Mode(), owner.Uid, owner.Gid)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		return line + " -> " + to, err
	case info.Mode().IsRegular() && strings.HasPrefix(path, "/etc/"):
		content, err := os.ReadFile(path)
		return fmt.Sprintf("%s %x", line, sha256.Sum256(content)), err
	}
	return line, nil
}

// difference lists what was not before and what is not any more.
func difference(before, after []string) string {
	var b strings.Builder
	for sign, lists := range map[string][2][]string{"- ": {before, after}, "+ ": {after, before}} {
		for _, line := range lists[0] {
			if _, found := slices.BinarySearch(lists[1], line); !found {
				b.WriteString(sign + line + "\n")
			}
		}
	}
	return b.String()
}
