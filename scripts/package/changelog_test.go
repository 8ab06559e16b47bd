package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const someChanges = `# Changelog

What changes.

## Unreleased

The second version.

- ` + "`smtpbl run`" + ` does what it says, and this line goes on for so long that it has
  to be broken.
- Short.

## 1.0.0-rc1 (2026-12-31)

- The first version.
`

const debianChanges = `smtpbl (1.0.0+2.gabc) unstable; urgency=medium

  * The second version.
  * smtpbl run does what it says, and this line goes on for so long that it
    has to be broken.
  * Short.

 -- A B <a@example.org>  Fri, 01 Jan 2027 10:00:00 +0000

smtpbl (1.0.0~rc1) unstable; urgency=medium

  * The first version.

 -- A B <a@example.org>  Thu, 31 Dec 2026 00:00:00 +0000
`

func someRelease() *release {
	return &release{version: "1.0.0+2.gabc", when: time.Date(2027, 1, 1, 10, 0, 0, 0, time.UTC), maintainer: "A B <a@example.org>"}
}

func TestDebianChangelog(t *testing.T) {
	got, err := someRelease().debianChangelog(sections(someChanges))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(debianChanges, got); diff != "" {
		t.Errorf("changelog (-want +got):\n%s", diff)
	}
}

func TestChangelogFaults(t *testing.T) {
	for text, want := range map[string]string{
		"# Changelog\n": "no section",
		"## Unreleased\n\n- a\n\n## 1.0.0\n\n- b": `"1.0.0" is not named like`,
		"## 1.1\n\n- a\n\n## 1.0 (2026-13-01)\n":  "month out of range",
	} {
		if _, err := someRelease().debianChangelog(sections(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}

// TestOwnChangelog takes the project's own, so that a heading that the package
// cannot have is noticed before a release.
func TestOwnChangelog(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	got, err := someRelease().debianChangelog(sections(string(text)))
	if err != nil || !strings.Contains(got, "\n  * ") {
		t.Errorf("%v\n%s", err, got)
	}
}
