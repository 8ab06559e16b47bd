package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// CLIError is a run of smtpbl that did not end with status 0.
type CLIError struct {
	Args   []string
	Code   int
	Stderr string
}

func (e *CLIError) Error() string {
	return fmt.Sprintf("smtpbl %s: exit status %d\n%s", strings.Join(e.Args, " "), e.Code, e.Stderr)
}

// Smtpbl runs a command of smtpbl on the mail server and returns what it
// prints. Another exit status than 0 is an error of type *CLIError.
func (l *Lab) Smtpbl(args ...string) (string, error) {
	var out, diag strings.Builder
	cmd := exec.Command(Binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := l.MX.Start(cmd); err != nil {
		return "", fmt.Errorf("start smtpbl %s: %w", strings.Join(args, " "), err)
	}
	code, err := exitCode(cmd.Wait())
	if err == nil && code != 0 {
		err = &CLIError{Args: args, Code: code, Stderr: diag.String()}
	}
	return out.String(), err
}

// Ban is what "set list --json" prints of one.
type Ban struct {
	Addr             string  `json:"addr"`
	Set              string  `json:"set"`
	RemainingSeconds float64 `json:"remaining_seconds"`
	TimeoutSeconds   float64 `json:"timeout_seconds"`
	Packets          uint64  `json:"packets"`
	Bytes            uint64  `json:"bytes"`
	Reason           string  `json:"reason"`
}

// Bans runs "set list --json".
func (l *Lab) Bans() ([]Ban, error) {
	out, err := l.Smtpbl("set", "list", "--json")
	if err != nil {
		return nil, err
	}
	var bans []Ban
	if err := json.Unmarshal([]byte(out), &bans); err != nil {
		return nil, fmt.Errorf("read the list of bans: %w\n%s", err, out)
	}
	return bans, nil
}

// Ban returns the ban that is listed under the name addr; nil for none.
func (l *Lab) Ban(addr string) (*Ban, error) {
	bans, err := l.Bans()
	if err != nil {
		return nil, err
	}
	for i := range bans {
		if bans[i].Addr == addr {
			return &bans[i], nil
		}
	}
	return nil, nil
}

// Checked runs "set check", which tells whether packets from addr are
// dropped now.
func (l *Lab) Checked(addr string) (bool, error) {
	_, err := l.Smtpbl("set", "check", addr)
	var no *CLIError
	if errors.As(err, &no) && no.Code == 1 {
		return false, nil
	}
	return err == nil, err
}
