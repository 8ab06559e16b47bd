package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// output runs a program with additions to the environment and returns what it
// prints.
func output(env []string, name string, args ...string) ([]byte, error) {
	var out, diag bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s %s: %w\n%s%s", name, strings.Join(args, " "), err, out.Bytes(), diag.Bytes())
	}
	return out.Bytes(), nil
}
