package packaging

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// version is what the tests install first, and nextVersion what they upgrade to.
const (
	version     = "1.2.3"
	nextVersion = "1.2.4"
)

// buildTime is when both claim to be from, 2026-09-21 14:13:20 UTC.
const buildTime = "1790000000"

// build packs the project three times: the same version from two folders under
// different circumstances, and the next one.
func build(dir string) error {
	trees, err := os.MkdirTemp("", "smtpbl-packaging-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(trees) }()
	for _, b := range []struct{ name, umask, version, zone string }{
		{"first", "022", version, "UTC"},
		{"second/of another depth", "077", version, "Asia/Tokyo"},
		{"next", "022", nextVersion, "UTC"},
	} {
		tree := filepath.Join(trees, b.name)
		if err := copyTree(tree); err != nil {
			return err
		}
		cmd := exec.Command("sh", "-c", "umask "+b.umask+" && exec go run ./scripts/package deb rpm")
		cmd.Dir = tree
		cmd.Env = append(os.Environ(), "PACKAGE_VERSION=v"+b.version, "SOURCE_DATE_EPOCH="+buildTime, "TZ="+b.zone, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the packages: %w\n%s", err, out)
		}
		to := filepath.Join(dir, strings.Fields(strings.ReplaceAll(b.name, "/", " "))[0])
		if err := os.CopyFS(to, os.DirFS(filepath.Join(tree, "dist"))); err != nil {
			return fmt.Errorf("keep the packages: %w", err)
		}
	}
	return nil
}

// copyTree copies what belongs to the project, as git knows it or would take it
// up.
func copyTree(to string) error {
	const root = "../.."
	list, err := exec.Command("git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("list the project's files: %w", err)
	}
	for name := range bytes.SplitSeq(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
		if err := copyFile(filepath.Join(to, string(name)), filepath.Join(root, string(name))); err != nil {
			return fmt.Errorf("copy the project: %w", err)
		}
	}
	return nil
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
