package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/smtpbl/smtpbl/integration/internal/peers"
)

// The programs that smtpbl is compared with.
const (
	toolNFT             = "nft"
	toolIPSet           = "ipset"
	toolLegacy          = "iptables-legacy"
	toolLegacy6         = "ip6tables-legacy"
	toolLegacyRestore   = "iptables-legacy-restore"
	toolIPTables        = "iptables-nft"
	toolIPTablesRestore = "iptables-nft-restore"
)

// toolPackages are the packages of Debian that hold them.
var toolPackages = []string{"nftables", "iptables", "ipset"}

// tools finds programs and makes commands of them.
type tools struct {
	paths map[string]string
	env   []string
	// versions are those of the fetched packages.
	versions map[string]string
	// missing says in a table that a program could not be had, and err why.
	missing string
	err     error
}

// findTools takes the programs that the machine has. If one is missing, all
// come from Debian's packages, which are unpacked below dir; nothing is
// installed.
func findTools(ctx context.Context, dir string) *tools {
	t := &tools{}
	if t.look(exec.LookPath) {
		return t
	}
	root := filepath.Join(dir, "tools")
	packages, err := withLibraries(ctx)
	if err == nil {
		t.versions, err = peers.Fetch(ctx, root, packages...)
	}
	if err != nil {
		t.missing, t.err = "not to be had", err
		return t
	}
	t.look(func(name string) (string, error) {
		path := filepath.Join(root, "usr/sbin", name)
		_, err := os.Stat(path)
		return path, err
	})
	t.missing = "not in the packages"
	t.env = unpackedEnv(root)
	return t
}

// look finds each program; false means that one is missing.
func (t *tools) look(find func(name string) (string, error)) bool {
	t.paths = map[string]string{}
	all := true
	for _, name := range []string{toolNFT, toolIPSet, toolLegacy, toolLegacy6, toolLegacyRestore, toolIPTables, toolIPTablesRestore} {
		path, err := find(name)
		if all = all && err == nil; err == nil {
			t.paths[name] = path
		}
	}
	return all
}

// withLibraries lists the packages and those of what they need that the
// machine has not installed.
func withLibraries(ctx context.Context) ([]string, error) {
	args := append([]string{"depends", "--recurse", "--important"}, toolPackages...)
	out, err := exec.CommandContext(ctx, "apt-cache", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("ask for the libraries of %s: %w", strings.Join(toolPackages, ", "), err)
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		// A package stands at the beginning of its line, what it needs is
		// indented below, and a virtual one is in angle brackets.
		name := strings.TrimSuffix(line, "\n")
		if strings.ContainsAny(name, " <") {
			continue
		}
		if slices.Contains(toolPackages, name) || exec.CommandContext(ctx, "dpkg", "-s", name).Run() != nil {
			list = append(list, name)
		}
	}
	return list, nil
}

// unpackedEnv makes programs find their libraries and modules below root.
func unpackedEnv(root string) []string {
	var libs []string
	xtables := ""
	for _, pattern := range []string{"usr/lib/*-linux-*", "lib/*-linux-*"} {
		found, _ := filepath.Glob(filepath.Join(root, pattern)) // the only error is a bad pattern
		libs = append(libs, found...)
	}
	for _, lib := range libs {
		if _, err := os.Stat(filepath.Join(lib, "xtables")); err == nil {
			xtables = filepath.Join(lib, "xtables")
		}
	}
	return []string{
		"LD_LIBRARY_PATH=" + strings.Join(libs, ":"),
		"XTABLES_LIBDIR=" + xtables,
	}
}

// lacks tells why a program cannot be run; "" if it can, or if none is needed.
func (t *tools) lacks(name string) string {
	if name != "" && t.paths[name] == "" {
		return t.missing
	}
	return ""
}

// command makes a command that is killed when ctx ends. The lock of
// iptables-legacy, by default one for the whole machine, is a file in dir.
func (t *tools) command(ctx context.Context, dir string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.paths[argv[0]], argv[1:]...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "XTABLES_LOCKFILE="+filepath.Join(dir, "xtables.lock")), t.env...)
	return cmd
}

// describe names the packages and their versions.
func (t *tools) describe() string {
	if t.err != nil {
		return "no other programs"
	}
	if len(t.versions) == 0 {
		return "nft, ipset and iptables as installed"
	}
	var parts []string
	for _, name := range toolPackages {
		parts = append(parts, name+" "+t.versions[name])
	}
	return strings.Join(parts, ", ")
}
