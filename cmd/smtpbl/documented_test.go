package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// pages are the texts that people copy from, by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range append(names, "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = string(text)
	}
	for _, need := range []string{"README.md", "INSTALL.md", "OPERATE.md"} {
		if out[need] == "" {
			t.Fatalf("%s is not there", need)
		}
	}
	return out
}

var (
	// commandLine finds smtpbl where a command can begin: at a line's beginning,
	// behind sudo, a pipe or &&, in code.
	commandLine = regexp.MustCompile(`(?m)^ {4}(.*)$|` + "`([^`\n]+)`")
	// afterShell is what belongs to the shell or to the page: comments, pipes,
	// redirections, several commands, and what is left out.
	afterShell = regexp.MustCompile(`\s+(#|\||&&|;|<|>|…).*$`)
)

// TestDocumentedCommandsExist wants every smtpbl command line of the pages to
// name a command that there is, with flags that it has.
func TestDocumentedCommandsExist(t *testing.T) {
	seen := 0
	for name, page := range pages(t) {
		for _, found := range commandLine.FindAllStringSubmatch(page, -1) {
			for part := range strings.SplitSeq(found[1]+found[2], "|") {
				words := commandWords(part)
				if words == nil {
					continue
				}
				seen++
				if problem := unknownTo((&app{}).rootCommand(), words); problem != "" {
					t.Errorf("%s: %q: %s", name, strings.TrimSpace(part), problem)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d command lines were found", seen)
	}
}

// commandWords are the arguments of smtpbl in a line, or nil.
func commandWords(line string) []string {
	words := strings.Fields(afterShell.ReplaceAllString(strings.TrimSpace(line), ""))
	if len(words) > 0 && words[0] == "sudo" {
		words = words[1:]
	}
	if len(words) < 2 || words[0] != "smtpbl" && words[0] != "bin/smtpbl" {
		return nil
	}
	if !regexp.MustCompile(`^(--)?[a-z]+$`).MatchString(words[1]) {
		return nil // output of smtpbl, or an error that begins with its name
	}
	return words[1:]
}

func unknownTo(root *cobra.Command, words []string) string {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	cmd, rest, err := root.Find(words)
	switch {
	case err != nil:
		return err.Error()
	case cmd == root:
		return "no such command"
	case cmd.HasSubCommands() && len(rest) > 0:
		return "no such command below " + cmd.Name()
	}
	cmd.InitDefaultHelpFlag()
	for _, word := range rest {
		flag, _, _ := strings.Cut(word, "=")
		long, isLong := strings.CutPrefix(flag, "--")
		switch {
		case isLong && cmd.Flags().Lookup(long) == nil && cmd.InheritedFlags().Lookup(long) == nil:
			return "no flag " + flag
		case !isLong && len(flag) == 2 && flag[0] == '-' && cmd.Flags().ShorthandLookup(flag[1:]) == nil:
			return "no flag " + flag
		}
	}
	return ""
}

// TestDocumentedConfigurations wants every configuration of the pages to be
// taken as it stands.
func TestDocumentedConfigurations(t *testing.T) {
	seen := 0
	for name, page := range pages(t) {
		blocks := strings.Split(page, "\n```")
		for i := 1; i < len(blocks); i += 2 {
			language, text, _ := strings.Cut(blocks[i], "\n")
			if language != "toml" {
				continue
			}
			seen++
			if _, err := config.Parse(name, []byte(text)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if seen == 0 {
		t.Error("no configuration was found")
	}
}

// anchors of a page, as GitHub makes them of its headings.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

var link = regexp.MustCompile(`\]\(([A-Za-z./]*)(#[^)]*)?\)`)

// TestLinksLeadSomewhere follows the links between the pages.
func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for name, page := range all {
		for _, found := range link.FindAllStringSubmatch(page, -1) {
			target, anchor := filepath.Base(found[1]), strings.TrimPrefix(found[2], "#")
			if found[1] == "" {
				target = name
			}
			if filepath.Ext(target) != ".md" {
				continue
			}
			text, ok := all[target]
			if !ok {
				t.Errorf("%s: there is no page %s", name, target)
			} else if anchor != "" && !slices.Contains(anchors(text), anchor) {
				t.Errorf("%s: %s has no heading for #%s", name, target, anchor)
			}
		}
	}
}

func anchors(page string) []string {
	var out []string
	for line := range strings.Lines(page) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			heading = notInAnchors.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			out = append(out, strings.ReplaceAll(heading, " ", "-"))
		}
	}
	return out
}
