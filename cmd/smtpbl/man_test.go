package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestManualHasEveryCommand wants exactly the commands and flags that there are
// in smtpbl(8).
func TestManualHasEveryCommand(t *testing.T) {
	root := (&app{}).rootCommand()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	want := map[string][]string{}
	gatherCommands(root, nil, want)
	page, err := os.ReadFile("internal/man/smtpbl.8")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, manualCommands(string(page))); diff != "" {
		t.Errorf("commands and their flags (-program +page):\n%s", diff)
	}
	for _, flag := range []string{"\n.Fl -config Ar file\n", "\n.Fl -help\n"} { // which all commands have
		if !strings.Contains(string(page), flag) {
			t.Errorf("the page lacks%s", flag)
		}
	}
	for _, cmd := range root.Commands() {
		synopsis, _, _ := strings.Cut(string(page), ".Sh DESCRIPTION\n")
		if !strings.Contains(synopsis, " "+cmd.Name()) {
			t.Errorf("the synopsis lacks %s", cmd.Name())
		}
	}
}

// gatherCommands puts the flags of every command that does something into all,
// by the command's words.
func gatherCommands(cmd *cobra.Command, words []string, all map[string][]string) {
	for _, sub := range cmd.Commands() {
		gatherCommands(sub, append(slices.Clone(words), sub.Name()), all)
	}
	if len(words) == 0 || cmd.HasSubCommands() {
		return
	}
	flags := []string{}
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		flags = append(flags, "--"+f.Name)
		if f.Shorthand != "" {
			flags = append(flags, "-"+f.Shorthand)
		}
	})
	slices.Sort(flags)
	all[strings.Join(words, " ")] = flags
}

// manualCommands reads the entries of the page's section COMMANDS. A command
// may have several, for its ways to be called.
func manualCommands(page string) map[string][]string {
	_, section, _ := strings.Cut(page, ".Sh COMMANDS\n")
	section, _, _ = strings.Cut(section, "\n.Sh ")
	all := map[string][]string{}
	for line := range strings.Lines(section) {
		head, ok := strings.CutPrefix(line, ".It Cm ")
		if !ok {
			continue
		}
		fields := strings.Fields(head)
		end := slices.IndexFunc(fields, func(word string) bool { return strings.ToUpper(word[:1]) == word[:1] })
		if end < 0 {
			end = len(fields)
		}
		name := strings.Join(fields[:end], " ")
		flags := append([]string{}, all[name]...)
		for i := range fields {
			if i > 0 && fields[i-1] == "Fl" {
				flags = append(flags, "-"+fields[i])
			}
		}
		slices.Sort(flags)
		all[name] = slices.Compact(flags)
	}
	return all
}
