package scenario

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build makes what the scenario needs, of the module in a folder, below dir: the
// attack client and two packages, of which the second has a higher version.
func Build(ctx context.Context, module, dir string) (Options, error) {
	o := Options{Attack: filepath.Join(dir, "attack")}
	if _, err := run(ctx, module, "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", "-o", o.Attack, "./scripts/vm-test/attack"); err != nil {
		return o, err
	}
	var err error
	if o.Deb, err = pack(ctx, module, dir, ""); err != nil {
		return o, err
	}
	version := strings.Split(filepath.Base(o.Deb), "_")[1] // smtpbl_VERSION_ARCH.deb
	o.Newer, err = pack(ctx, module, dir, version+".vmtest")
	return o, err
}

// pack builds the package as "make deb" does and moves it to dir. An empty
// version is that of the tree.
func pack(ctx context.Context, module, dir, version string) (string, error) {
	out, err := run(ctx, module, "PACKAGE_VERSION="+version, "go", "run", "./scripts/package", "deb")
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	built := filepath.Join(module, lines[len(lines)-1])
	if strings.Count(filepath.Base(built), "_") != 2 {
		return "", fmt.Errorf("no package is named at the end of:\n%s", out)
	}
	deb := filepath.Join(dir, filepath.Base(built))
	content, err := os.ReadFile(built)
	if err != nil {
		return "", err
	}
	if err = os.WriteFile(deb, content, 0o644); err != nil {
		return "", err
	}
	return deb, os.Remove(built)
}

// run runs a program in a folder, with one more variable, and returns what it
// prints.
func run(ctx context.Context, dir, variable, name string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), variable), &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &out)
	}
	return out.String(), nil
}
