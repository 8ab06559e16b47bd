package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// program is what gets installed inside.
const program = "github.com/smtpbl/smtpbl/cmd/smtpbl"

// buildBinary returns the path of the smtpbl program: the one that
// $SMTPBL_BINARY names, or else one built now, in a directory that remove
// deletes. It must be called outside, where Go's caches are.
func buildBinary(o *Options) (path string, remove func(), err error) {
	if path = os.Getenv("SMTPBL_BINARY"); path != "" {
		return path, func() {}, nil
	}
	o.say("building smtpbl")
	dir, err := os.MkdirTemp("", "smtpbl-lab-")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for smtpbl: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "smtpbl")
	cmd := exec.Command("go", "build", "-o", path, program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err = run(cmd); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

// buildFiles has Build make its files, in a directory that remove deletes.
func buildFiles(o *Options) (dir string, remove func(), err error) {
	if o.Build == nil {
		return "", func() {}, nil
	}
	if dir, err = os.MkdirTemp("", "smtpbl-lab-"); err != nil {
		return "", nil, fmt.Errorf("make a directory for what is built: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	if err = o.Build(dir); err != nil {
		remove()
		return "", nil, err
	}
	return dir, remove, nil
}
