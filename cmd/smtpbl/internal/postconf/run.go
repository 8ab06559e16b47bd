// Package postconf reads Postfix's configuration with postconf(1), and judges
// whether and when Postfix asks smtpbl about a client.
package postconf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/ingest/child"
)

// Run runs postconf with arguments and returns what it prints.
type Run func(ctx context.Context, args ...string) (string, error)

// ErrNotInstalled says that there is no postconf.
var ErrNotInstalled = errors.New("postconf is not installed")

// longest is how long postconf may take; it takes some milliseconds.
const longest = 10 * time.Second

// Command runs the postconf of this machine.
func Command(ctx context.Context, args ...string) (string, error) {
	path, err := exec.LookPath("postconf")
	if err != nil {
		// It is not in the path of every user.
		if path, err = exec.LookPath("/usr/sbin/postconf"); err != nil {
			return "", ErrNotInstalled
		}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var out, diag strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &diag
	err = child.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return "", fmt.Errorf("run postconf %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(diag.String()))
	}
	return out.String(), nil
}
