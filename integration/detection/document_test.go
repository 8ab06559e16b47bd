package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPublished makes the matrix anew, with the other programs, and compares
// it with docs/DETECTION.md. Where Debian has another version of a program
// than the document tells of, that program's columns are not compared.
func TestPublished(t *testing.T) {
	published, err := os.ReadFile("../../docs/DETECTION.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		cannot(t, "fail2ban needs Python (apt-get install python3)", err)
	}
	dir := t.TempDir()
	f, versions, err := fetch(t.Context(), dir)
	if err != nil {
		cannot(t, "the other programs cannot be had", err)
	}
	sections := matrix()
	g := ours(sections)
	if err := g.addPeers(t.Context(), f, sections, dir); err != nil {
		t.Fatal(err)
	}
	want, got := string(published), document(sections, g, versions)
	for _, name := range peerPackages {
		if line := "- " + name + " " + versions[name] + "\n"; !strings.Contains(want, line) {
			t.Logf("NOT COMPARED: the columns of %s, which is %s here and another version in docs/DETECTION.md", name, versions[name])
			want, got = without(want, name), without(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/DETECTION.md is out of date; make detection (-published +now):\n%s", diff)
	}
}

// cannot ends a test that this machine cannot run: as skipped, or as failed
// with SMTPBL_REQUIRE_NETNS=1.
func cannot(t *testing.T, why string, err error) {
	t.Helper()
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatalf("%s: %v", why, err)
	}
	t.Skipf("%s: %v", why, err)
}

// without takes a program's version and columns out of a document. The columns
// are the last of a row.
func without(doc, name string) string {
	var b strings.Builder
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(line, "- "+name+" ") {
			continue
		}
		cells := strings.Split(line, " |")
		if first := len(cells) - 1 - columns; strings.HasPrefix(line, "| ") && first > 0 {
			for i, column := range columnNames {
				if strings.HasPrefix(column, name) {
					cells[first+i] = ""
				}
			}
		}
		b.WriteString(strings.Join(cells, " |"))
	}
	return b.String()
}

func TestWithoutAProgram(t *testing.T) {
	sections := []section{{title: "x", rows: []row{{"a | b", "line | of | one | two | three | more", failed}}}}
	render := func(usual, strict, sshguard mark, version string) string {
		g := grid{{{right, usual, strict, sshguard}}}
		return document(sections, g, map[string]string{"fail2ban": version, "sshguard": "2"})
	}
	one, other := render(right, missed, right, "1"), render(missed, right, right, "3")
	if one == other || without(one, "fail2ban") != without(other, "fail2ban") {
		t.Errorf("fail2ban is not all that differs: %s", cmp.Diff(without(one, "fail2ban"), without(other, "fail2ban")))
	}
	if other := render(missed, right, missed, "3"); without(one, "fail2ban") == without(other, "fail2ban") {
		t.Error("the other column is not compared")
	}
}
