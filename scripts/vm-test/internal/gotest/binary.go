// Package gotest runs compiled tests of this module in a virtual machine.
package gotest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Module is the folder of this module; everything is found from there.
func Module(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Binary is the compiled tests of one package.
type Binary struct {
	// Path is the file, Dir the package's folder in the module, such as "nft".
	Path, Dir string
}

// Build compiles the tests of packages, given by their folders in the module,
// into dir. They need no C library: a guest may have an older one.
func Build(ctx context.Context, module, dir string, packages ...string) ([]Binary, error) {
	binaries := make([]Binary, 0, len(packages))
	for _, p := range packages {
		b := Binary{Path: filepath.Join(dir, strings.ReplaceAll(p, "/", "-")+".test"), Dir: p}
		if err := goTool(ctx, module, "test", "-c", "-ldflags", "-s -w", "-o", b.Path, "./"+p); err != nil {
			return nil, err
		}
		binaries = append(binaries, b)
	}
	return binaries, nil
}

// BuildProgram compiles smtpbl into file.
func BuildProgram(ctx context.Context, module, file string) error {
	return goTool(ctx, module, "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "./cmd/smtpbl")
}

func goTool(ctx context.Context, module string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
