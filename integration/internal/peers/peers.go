// Package peers fetches and finds the programs that smtpbl is compared with.
package peers

import (
	"os/exec"
	"path/filepath"
)

// A Finder finds programs.
type Finder struct {
	// Root is where packages were unpacked, "" where none were.
	Root string
	// Strict leaves out what this machine has installed, which may be of
	// another version and have its administrator's filters.
	Strict bool
}

// Command returns the argv of a program in the PATH or in Root's /usr/bin, or
// nil.
func (f Finder) Command(name string, args ...string) []string {
	path := ""
	if !f.Strict {
		path, _ = exec.LookPath(name) // "" where it is missing
	}
	if path == "" {
		path = f.below("/usr/bin/" + name)
	}
	if path == "" {
		return nil
	}
	return append([]string{path}, args...)
}

// below returns the first file below Root that matches pattern, or "".
func (f Finder) below(pattern string) string {
	if f.Root == "" {
		return ""
	}
	return first(f.Root + pattern)
}

func first(pattern string) string {
	if found, _ := filepath.Glob(pattern); len(found) > 0 { // the only error is a bad pattern
		return found[0]
	}
	return ""
}

// Parser returns the argv of sshguard's parser, which names an attacker a
// line, or nil.
func (f Finder) Parser() []string {
	for _, pattern := range []string{"/usr/libexec/sshguard/sshg-parser", "/usr/lib/sshguard/sshg-parser", "/usr/lib/*/sshg-parser"} {
		path := ""
		if !f.Strict {
			path = first(pattern)
		}
		if path == "" {
			path = f.below(pattern)
		}
		if path != "" {
			return []string{path}
		}
	}
	return nil
}

// Tester returns the argv of fail2ban's line tester, or nil, and what its
// environment needs besides.
func (f Finder) Tester() (argv, env []string) {
	argv = f.Command("fail2ban-regex")
	if unpacked := f.below("/usr/bin/fail2ban-regex"); argv == nil || argv[0] != unpacked {
		return argv, nil
	}
	return append(argv, "-c", f.Root+"/etc/fail2ban"), []string{"PYTHONPATH=" + f.Root + "/usr/lib/python3/dist-packages"}
}
