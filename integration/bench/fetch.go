package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// peers are the Debian packages of the contenders that a machine may lack.
var peers = []string{"fail2ban", "sshguard", "ripgrep"}

// fetchPeers downloads the packages and unpacks them below root. Nothing is
// installed, and none of their scripts is run.
func fetchPeers(ctx context.Context, root string) error {
	if err := os.Mkdir(root, 0o755); err != nil {
		return fmt.Errorf("make a directory for packages: %w", err)
	}
	// The sandbox's user may not write where only the caller may.
	args := append([]string{"-q", "-o", "APT::Sandbox::User=root", "download"}, peers...)
	if err := quietly(ctx, root, "apt-get", args...); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(root, "*.deb"))
	if err != nil {
		return fmt.Errorf("list packages: %w", err)
	}
	for _, deb := range debs {
		if err := quietly(ctx, root, "dpkg-deb", "-x", deb, root); err != nil {
			return err
		}
	}
	return nil
}

// quietly runs a command in dir; what it prints is told only if it fails.
func quietly(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", name, err, out)
	}
	return nil
}
