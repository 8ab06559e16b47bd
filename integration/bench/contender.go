package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// A contender is a program that reads a log.
type contender struct {
	name string
	// argv is what is run with the log's name as last argument, or, where
	// input is set, with the log as standard input. Empty: not installed.
	argv  []string
	input bool
	// after are arguments that come after the log's name.
	after []string
	env   []string
	// answer reads from the output what was found.
	answer func(out io.Reader) (answer, error)
}

//go:embed pipeline.sh
var pipeline string

const phrase = "SASL LOGIN authentication failed"

// contenders lists who races, smtpbl first. Of the others those that are
// missing have no argv.
func contenders(ctx context.Context, dir string, o options) ([]contender, error) {
	smtpbl, err := filepath.Abs(o.smtpbl)
	if err == nil {
		_, err = os.Stat(smtpbl)
	}
	if err != nil {
		return nil, fmt.Errorf("find smtpbl (make build makes it): %w", err)
	}
	// An empty configuration is that of the defaults, whatever the machine has.
	config := filepath.Join(dir, "smtpbl.toml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	f := finder{}
	if o.fetch {
		f.root = filepath.Join(dir, "peers")
		if err := fetchPeers(ctx, f.root); err != nil {
			return nil, err
		}
	}
	return []contender{
		{name: "smtpbl scan", argv: []string{smtpbl, "scan", "--config", config}, answer: smtpblAnswer},
		{name: "wc -l", argv: f.command("wc", "-l"), answer: wcAnswer},
		{name: "rg -c", argv: f.command("rg", "-c", phrase), answer: rgAnswer},
		{name: "shell pipeline", argv: f.command("sh", "-c", pipeline, "sh"), answer: pipelineAnswer},
		f.sshguard(),
		f.fail2ban(),
	}, nil
}

// finder finds programs on the machine and then below root, where that is set.
type finder struct{ root string }

// command returns the argv of a program in the PATH or in root's /usr/bin, or
// nil.
func (f finder) command(name string, args ...string) []string {
	path, err := exec.LookPath(name)
	if err != nil {
		if path = f.below("/usr/bin/" + name); path == "" {
			return nil
		}
	}
	return append([]string{path}, args...)
}

// below returns the first file below root that matches pattern, or "".
func (f finder) below(pattern string) string {
	if f.root == "" {
		return ""
	}
	return first(f.root + pattern)
}

func first(pattern string) string {
	if found, _ := filepath.Glob(pattern); len(found) > 0 { // the only error is a bad pattern
		return found[0]
	}
	return ""
}

// sshguard is only sshguard's parser, which names an attacker a line.
func (f finder) sshguard() contender {
	c := contender{name: "sshg-parser", input: true, answer: sshguardAnswer}
	for _, pattern := range []string{"/usr/libexec/sshguard/sshg-parser", "/usr/lib/sshguard/sshg-parser", "/usr/lib/*/sshg-parser"} {
		path := first(pattern)
		if path == "" {
			path = f.below(pattern)
		}
		if path != "" {
			c.argv = []string{path}
			return c
		}
	}
	return c
}

// fail2ban is fail2ban's line tester with the filter of its jail
// postfix-sasl. It parses and matches, but counts and bans nothing.
func (f finder) fail2ban() contender {
	c := contender{name: "fail2ban-regex", answer: fail2banAnswer, after: []string{"postfix[mode=auth]"}}
	if path, err := exec.LookPath("fail2ban-regex"); err == nil {
		c.argv = []string{path}
		return c
	}
	if path := f.below("/usr/bin/fail2ban-regex"); path != "" {
		c.argv = []string{path, "-c", f.root + "/etc/fail2ban"}
		c.env = []string{"PYTHONPATH=" + f.root + "/usr/lib/python3/dist-packages"}
	}
	return c
}
