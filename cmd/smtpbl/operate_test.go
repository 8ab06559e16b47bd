package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// TestEveryWarningIsExplained wants what the service can say at the levels warn
// and error, and in the warnings of status, in docs/OPERATE.md, and nothing in
// its tables that no code says.
func TestEveryWarningIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/OPERATE.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := explainedMessages(string(page))
	said := saidMessages(t)
	for _, text := range slices.Sorted(maps.Keys(said)) {
		if !explained[text] {
			t.Errorf("%s: docs/OPERATE.md does not explain %q", said[text], text)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(explained)) {
		if said[text] == "" {
			t.Errorf("docs/OPERATE.md explains %q, which nothing says", text)
		}
	}
}

// explainedMessages are what stands in the first column of the tables that are
// headed "message".
func explainedMessages(page string) map[string]bool {
	out := map[string]bool{}
	inside := false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "| message |"):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "| ---"):
			// A table's bar has a backslash inside of a cell (GitHub's Markdown).
			cell, _, _ := strings.Cut(strings.ReplaceAll(line[1:], `\|`, "\x00"), "|")
			cell = strings.ReplaceAll(strings.TrimSpace(cell), "\x00", "|")
			out[strings.Trim(cell, "`")] = true
		}
	}
	return out
}

// verb is what fmt puts a value for; the page has three dots there.
var verb = regexp.MustCompile(`%[a-z]`)

// saidMessages finds the messages in the source, with the place of each.
func saidMessages(t *testing.T) map[string]string {
	t.Helper()
	said := map[string]string{}
	for _, root := range []string{".", "../../ingest", "../../metrics", "../../nft", "../../policy"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				gatherMessages(decl, func(at token.Pos, text string) {
					said[text] = files.Position(at).String()
				})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(said) == 0 {
		t.Fatal("no message was found")
	}
	return said
}

// gatherMessages finds the messages of one declaration: texts that a logger gets
// at the levels warn and error, those of service.warn, and those that are put
// into the list of warnings.
func gatherMessages(decl ast.Decl, found func(at token.Pos, text string)) {
	ast.Inspect(decl, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		var text ast.Expr
		switch name := called(call); {
		case name == "warn" && len(call.Args) == 3:
			text = call.Args[1]
		case (name == "Warn" || name == "Error") && len(call.Args) > 0:
			text = call.Args[0]
		case name == "LogAttrs" && len(call.Args) > 2 && isWarning(call.Args[1]):
			text = call.Args[2]
		case name == "append" && len(call.Args) == 2 && listsWarnings(decl, call.Args[0]):
			text = call.Args[1]
		}
		if message := wording(text); strings.ContainsFunc(message, unicode.IsLetter) {
			found(call.Pos(), message)
		}
		return true
	})
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// isWarning tells slog's levels from others.
func isWarning(level ast.Expr) bool {
	sel, ok := level.(*ast.SelectorExpr)
	return ok && (sel.Sel.Name == "LevelWarn" || sel.Sel.Name == "LevelError")
}

// listsWarnings tells whether a list is that of status, or the result of a
// function that is named after warnings.
func listsWarnings(decl ast.Decl, list ast.Expr) bool {
	if sel, ok := list.(*ast.SelectorExpr); ok {
		return sel.Sel.Name == "Warnings"
	}
	f, ok := decl.(*ast.FuncDecl)
	return ok && strings.HasSuffix(f.Name.Name, "Warnings")
}

// wording is what a text says whatever the values in it: those become three dots.
// It is empty where there is no text.
func wording(text ast.Expr) string {
	switch x := text.(type) {
	case nil:
		return ""
	case *ast.BasicLit:
		unquoted, err := strconv.Unquote(x.Value)
		if err != nil {
			return ""
		}
		return verb.ReplaceAllString(unquoted, "…")
	case *ast.BinaryExpr:
		return wording(x.X) + wording(x.Y)
	case *ast.CallExpr:
		if called(x) == "Sprintf" {
			return wording(x.Args[0])
		}
	}
	return "…"
}
