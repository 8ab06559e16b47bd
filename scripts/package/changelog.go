package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// section is what CHANGELOG.md tells of one release.
type section struct {
	heading string
	items   []string // each in one line
}

// changelog writes CHANGELOG.md in the form of deb-changelog(5).
func (r *release) changelog() error {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return fmt.Errorf("read the changelog: %w", err)
	}
	out, err := r.debianChangelog(sections(string(text)))
	if err != nil {
		return err
	}
	return putCompressed("changelog.gz", []byte(out))
}

// sections reads the parts that "## " begins. In them an item begins with "- ",
// and so does a paragraph on its own.
func sections(text string) []section {
	var all []section
	fresh := true // the next line begins an item
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		heading, isHeading := strings.CutPrefix(line, "## ")
		item, isItem := strings.CutPrefix(line, "- ")
		switch {
		case isHeading:
			all, fresh = append(all, section{heading: heading}), true
		case len(all) == 0:
		case line == "":
			fresh = true
		default:
			s := &all[len(all)-1]
			if item = strings.ReplaceAll(item, "`", ""); fresh || isItem {
				s.items = append(s.items, item)
			} else {
				s.items[len(s.items)-1] += " " + item
			}
			fresh = false
		}
	}
	return all
}

// released is the heading of a section that is not the topmost.
var released = regexp.MustCompile(`^([0-9][^ ]*) \(([0-9]{4}-[0-9]{2}-[0-9]{2})\)$`)

// debianChangelog takes the topmost section for that of the version that is
// packed, whatever its heading.
func (r *release) debianChangelog(all []section) (string, error) {
	if len(all) == 0 {
		return "", errors.New("CHANGELOG.md has no section: one begins with \"## \"")
	}
	var b strings.Builder
	for i, s := range all {
		version, when := r.version, r.when
		if i > 0 {
			m := released.FindStringSubmatch(s.heading)
			if m == nil {
				return "", fmt.Errorf("CHANGELOG.md: the section %q is not named like \"## 1.2.3 (2026-12-31)\"", s.heading)
			}
			day, err := time.Parse(time.DateOnly, m[2])
			if err != nil {
				return "", fmt.Errorf("CHANGELOG.md: %w", err)
			}
			version, when = upstream(m[1]), day
		}
		fmt.Fprintf(&b, "smtpbl (%s) unstable; urgency=medium\n\n", version)
		for _, item := range s.items {
			b.WriteString(fill("  * ", "    ", item))
		}
		fmt.Fprintf(&b, "\n -- %s  %s\n\n", r.maintainer, when.Format(time.RFC1123Z))
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// fill breaks a text into lines of at most 76 characters.
func fill(first, others, text string) string {
	const width = 76
	var b strings.Builder
	line := first
	begun := false
	for word := range strings.FieldsSeq(text) {
		if begun && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line, begun = others, false
		}
		if begun {
			line += " "
		}
		line, begun = line+word, true
	}
	return b.String() + line + "\n"
}
