package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/smtpbl/smtpbl/integration/internal/peers"
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

const alike = `[policy]
known_threshold = 0
account_nets = 0
net_accounts = 0
net_failing = 0
`

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
	// The defaults, whatever the machine has, but for the rules that look at more
	// than one address: all are to answer the same question.
	config := filepath.Join(dir, "smtpbl.toml")
	if err := os.WriteFile(config, []byte(alike), 0o600); err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	f := peers.Finder{}
	if o.fetch {
		f.Root = filepath.Join(dir, "peers")
		if _, err := peers.Fetch(ctx, f.Root, "fail2ban", "sshguard", "ripgrep"); err != nil {
			return nil, err
		}
	}
	return []contender{
		{name: "smtpbl scan", argv: []string{smtpbl, "scan", "--config", config}, answer: smtpblAnswer},
		{name: "wc -l", argv: f.Command("wc", "-l"), answer: wcAnswer},
		{name: "rg -c", argv: f.Command("rg", "-c", phrase), answer: rgAnswer},
		{name: "shell pipeline", argv: f.Command("sh", "-c", pipeline, "sh"), answer: pipelineAnswer},
		sshguard(f),
		fail2ban(f),
	}, nil
}

// sshguard is only sshguard's parser.
func sshguard(f peers.Finder) contender {
	return contender{name: "sshg-parser", argv: f.Parser(), input: true, answer: sshguardAnswer}
}

// fail2ban is fail2ban's line tester with the filter of its jail
// postfix-sasl. It parses and matches, but counts and bans nothing.
func fail2ban(f peers.Finder) contender {
	argv, env := f.Tester()
	return contender{name: "fail2ban-regex", argv: argv, env: env, answer: fail2banAnswer, after: []string{"postfix[mode=auth]"}}
}
