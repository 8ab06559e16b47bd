package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docsVar carries pages of docs into the laboratory, where the project's folder
// cannot be seen.
const docsVar = "SMTPBL_DOCS"

// carryDocs reads the pages while they can be read.
func carryDocs() error {
	if os.Getenv(docsVar) != "" {
		return nil // we are inside
	}
	var pages strings.Builder
	for _, name := range []string{"SOURCES.md", "POSTFIX.md", "INSTALL.md", "OPERATE.md"} {
		page, err := os.ReadFile("../docs/" + name)
		if err != nil {
			return fmt.Errorf("read what is documented: %w", err)
		}
		pages.Write(page)
	}
	return os.Setenv(docsVar, pages.String())
}

// documented returns the block of those pages that contains a text, with
// replacements made as by strings.NewReplacer: tests run what users copy.
func documented(t *testing.T, contains string, replacements ...string) string {
	t.Helper()
	for i, block := range strings.Split(os.Getenv(docsVar), "\n```") {
		// Every other part is a block; it begins with its language.
		_, text, _ := strings.Cut(block, "\n")
		if i%2 == 1 && strings.Contains(text, contains) {
			for j := 0; j < len(replacements); j += 2 {
				if !strings.Contains(text, replacements[j]) {
					t.Fatalf("the block with %q does not contain %q:\n%s", contains, replacements[j], text)
				}
			}
			return strings.NewReplacer(replacements...).Replace(text) + "\n"
		}
	}
	t.Fatalf("no block of the pages contains %q", contains)
	return ""
}
