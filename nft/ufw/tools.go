package ufw

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// toolWait is how long a program of iptables may take, its waiting for the
// lock of another one included.
const toolWait = 30 * time.Second

// toolDirs are where ufw looks for iptables, in its order (PATH in
// ufw-init-functions).
var toolDirs = []string{"/sbin", "/bin", "/usr/sbin", "/usr/bin"}

// runner runs a program with a text as its input and returns what it prints. A
// program that is missing is ErrNoIPTables.
type runner func(ctx context.Context, input, name string, args ...string) (string, error)

// execute runs a program of toolDirs.
func execute(ctx context.Context, input, name string, args ...string) (string, error) {
	path := find(name)
	if path == "" {
		return "", fmt.Errorf("%w: no %s in %s", ErrNoIPTables, name, strings.Join(toolDirs, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, toolWait)
	defer cancel()
	var out, diag strings.Builder
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &diag
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("run %s: %w: %s", name, err, oneLine(diag.String()))
	}
	return out.String(), nil
}

func find(name string) string {
	for _, dir := range toolDirs {
		path := dir + "/" + name
		if unix.Access(path, unix.X_OK) == nil {
			return path
		}
	}
	return ""
}

// oneLine makes one line of what a program says.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
