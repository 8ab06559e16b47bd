package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Fetch downloads Debian packages with the machine's sources and unpacks them
// below root, which it makes. Nothing is installed, and none of their scripts
// is run. It returns the packages' versions.
func Fetch(ctx context.Context, root string, packages ...string) (versions map[string]string, err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("make a directory for packages: %w", err)
	}
	if err := download(ctx, root, packages); err != nil {
		return nil, err
	}
	debs, err := filepath.Glob(filepath.Join(root, "*.deb"))
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	versions = map[string]string{}
	for _, deb := range debs {
		about, err := run(ctx, root, "dpkg-deb", "-W", "--showformat=${Package} ${Version}", deb)
		if err != nil {
			return nil, err
		}
		name, version, _ := strings.Cut(about, " ")
		versions[name] = version
		if _, err := run(ctx, root, "dpkg-deb", "-x", deb, root); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// download fetches the packages with the machine's package lists or, where
// those are stale or missing, with lists of its own below root.
func download(ctx context.Context, root string, packages []string) error {
	// The sandbox's user may not write where only the caller may.
	args := append(make([]string, 0, 8), "-q", "-o", "APT::Sandbox::User=root")
	get := append([]string{"download"}, packages...)
	if _, err := run(ctx, root, "apt-get", append(args, get...)...); err == nil {
		return nil
	}
	for _, dir := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return fmt.Errorf("make a directory for package lists: %w", err)
		}
	}
	args = append(args, "-o", "Dir::State::lists="+filepath.Join(root, "lists"), "-o", "Dir::Cache="+filepath.Join(root, "cache"))
	// One source out of many that fails does not matter; if it does matter,
	// the download fails and says so.
	_, _ = run(ctx, root, "apt-get", append(args, "update")...)
	_, err := run(ctx, root, "apt-get", append(args, get...)...)
	return err
}

// run runs a command in dir and returns what it prints, which is told too if
// it fails.
func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("run %s: %w\n%s", name, err, out)
	}
	return string(out), nil
}
