package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/journal"
)

// env is all that the program knows of the world beside its arguments.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// getenv is os.Getenv; nil is an empty environment.
	getenv func(string) string
	// listening returns the TCP ports that something listens on; nil asks the
	// kernel.
	listening func() map[uint16]bool
}

// The exit codes are a contract with scripts.
const (
	exitDone  = 0
	exitNo    = 1 // the answer is no, or the work failed
	exitUsage = 2 // wrong usage or bad configuration
)

// defaultConfig is read where no --config names another file; it need not
// exist.
const defaultConfig = "/etc/smtpbl/smtpbl.toml"

// app is what the commands share.
type app struct {
	env
	configPath string
	defaults   bool // there is no file, and none was asked for
}

// run is the program as a function: it returns the exit code.
func run(ctx context.Context, args []string, e env) int {
	a := &app{env: e}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	refuseUnknown(root)
	return a.exitCode(root.ExecuteContext(ctx))
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "smtpbl",
		Short:         "Keep brute-force attackers away from a mail server",
		Long:          "smtpbl reads mail logs, counts failed SMTP AUTH attempts and bans offenders with nftables sets.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// Before cobra does it, whose error would pass for a failure of the work.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.ValidateFlagGroups() != nil {
				return usagef("%q takes one of its flags at a time", cmd.CommandPath())
			}
			return nil
		},
	}
	root.PersistentFlags().StringVar(&a.configPath, "config", defaultConfig, "configuration `FILE`")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.runCommand(), a.scanCommand(), a.setCommand(), a.whyCommand(), a.confirmCommand(), a.statusCommand(), a.topCommand(),
		a.configCommand(), a.harnessCommand(), a.unitCommand(), a.versionCommand())
	return root
}

// loadConfig reads the configuration. Only a file that was asked for by name
// must exist.
func (a *app) loadConfig(cmd *cobra.Command) (config.Config, error) {
	cfg, err := config.Load(a.configPath)
	if errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config") {
		a.defaults = true
		return config.Default(), nil
	}
	return cfg, missingConfig(a.configPath, err)
}

// missingConfig adds advice to a configuration that cannot be read.
func missingConfig(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usageError{withHint(fmt.Errorf("no configuration file %s", path), "smtpbl config default > "+path+" makes one")}
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "the service reads it as its user: chgrp smtpbl "+path+" && chmod 640 "+path+" (and x for its directory); others use sudo")
	}
	return err
}

// usageError is wrong usage: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errNo is an answer of no that was already printed: exit code 1.
var errNo = errors.New("no")

// hintError is an error with advice.
type hintError struct {
	error
	hint string
}

func (e hintError) Hint() string  { return e.hint }
func (e hintError) Unwrap() error { return e.error }

func withHint(err error, hint string) error { return hintError{err, hint} }

// exitCode prints an error the way the contract says and maps it.
func (a *app) exitCode(err error) int {
	var faults config.Faults
	var hinted interface{ Hint() string }
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNo):
		return exitNo
	case errors.As(err, &faults):
		count := "1 fault"
		if len(faults) != 1 {
			count = fmt.Sprintf("%d faults", len(faults))
		}
		a.complain(fmt.Sprintf("smtpbl: error: %s in the configuration\n%s\n", count, faults))
		return exitUsage
	}
	text := fmt.Sprintln("smtpbl: error:", err)
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		text += fmt.Sprintln("smtpbl: hint:", hinted.Hint())
	}
	a.complain(text)
	if _, wrongUsage := errors.AsType[usageError](err); wrongUsage {
		return exitUsage
	}
	return exitNo
}

// complain prints an error, where systemd runs the program with the priority of one.
func (a *app) complain(text string) {
	if a.toJournal() {
		text = journal.Mark(slog.LevelError, text)
	}
	_, _ = io.WriteString(a.stderr, text) // nobody is left to tell
}

// toJournal tells whether standard error leads to systemd's journal.
func (a *app) toJournal() bool {
	return a.getenv != nil && journal.Reaches(a.stderr, a.getenv(journal.StreamEnv))
}

// refuseUnknown has cobra's own commands, help and completion, refuse what they do
// not know. By themselves they print the help of the command above it and
// succeed, and a script would keep that for a completion.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				_, rest, err := root.Find(args)
				if err != nil || len(rest) > 0 {
					return usagef("unknown help topic %q", strings.Join(args, " "))
				}
				return nil
			}
		case "completion":
			cmd.Args = noArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				shell.Args = noArgs
			}
		}
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command or argument %q for %q", args[0], cmd.CommandPath())
	}
	return nil
}
