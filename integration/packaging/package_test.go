package packaging

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

// TestTwoBuildsAreEqual compares what was built in different folders, with
// different masks of file modes and time zones.
func TestTwoBuildsAreEqual(t *testing.T) {
	labtest.Need(t)
	for _, ending := range []string{".deb", ".rpm"} {
		first, err := os.ReadFile(built(t, "first", ending))
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(built(t, "second", ending))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("two builds of the %s differ", ending)
		}
	}
}

// TestLintian runs Debian's check of packages. It is to be silent: what a package
// of a Go program cannot have otherwise stands, with its reason, in
// scripts/package/deb/lintian-overrides. Machine code is not searched for typing
// errors, because some of it always looks like one.
func TestLintian(t *testing.T) {
	labtest.Need(t)
	out, err := try("lintian", "--allow-root", "--fail-on=error,warning", "--display-info", "--pedantic",
		"--suppress-tags=spelling-error-in-binary", built(t, "first", ".deb"))
	if err != nil {
		t.Errorf("lintian: %v", err)
	}
	if out != "" {
		t.Errorf("lintian says:\n%s", out)
	}
}

// debFiles are the files of the Debian package.
const debFiles = `
-rw-r--r-- root/root ./etc/smtpbl/smtpbl.toml
-rw-r--r-- root/root ./usr/lib/systemd/system/smtpbl.service
-rw-r--r-- root/root ./usr/lib/sysusers.d/smtpbl.conf
-rwxr-xr-x root/root ./usr/sbin/smtpbl
-rw-r--r-- root/root ./usr/share/bash-completion/completions/smtpbl
-rw-r--r-- root/root ./usr/share/doc/smtpbl/changelog.gz
-rw-r--r-- root/root ./usr/share/doc/smtpbl/copyright
-rw-r--r-- root/root ./usr/share/doc/smtpbl/third-party-notices.gz
-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/smtpbl.fish
-rw-r--r-- root/root ./usr/share/lintian/overrides/smtpbl
-rw-r--r-- root/root ./usr/share/man/man5/smtpbl.toml.5.gz
-rw-r--r-- root/root ./usr/share/man/man8/smtpbl.8.gz
-rw-r--r-- root/root ./usr/share/smtpbl/grafana-dashboard.json
-rw-r--r-- root/root ./usr/share/smtpbl/prometheus-alerts.yml
-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_smtpbl
`

func TestDebContents(t *testing.T) {
	labtest.Need(t)
	deb := built(t, "first", ".deb")
	var files strings.Builder
	files.WriteByte('\n')
	for line := range strings.Lines(run(t, "dpkg-deb", "--contents", deb)) {
		f := strings.Fields(line) // mode, owner, size, date, time, name
		switch {
		case strings.Join(f[3:5], " ") != "2026-09-21 14:13":
			t.Errorf("the time is not that of the release: %s", line)
		case f[0] != "drwxr-xr-x":
			files.WriteString(f[0] + " " + f[1] + " " + f[5] + "\n")
		case f[1] != "root/root":
			t.Errorf("a directory is not root's: %s", line)
		}
	}
	if diff := cmp.Diff(debFiles, files.String()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := run(t, "dpkg-deb", "--info", deb, "conffiles"); got != "/etc/smtpbl/smtpbl.toml\n" {
		t.Errorf("conffiles: %q", got)
	}
	if got := run(t, "dpkg-deb", "--field", deb, "Version", "Architecture", "Depends"); got !=
		"Version: "+version+"\nArchitecture: amd64\nDepends: systemd | systemd-standalone-sysusers | systemd-sysusers\n" {
		t.Errorf("fields:\n%s", got)
	}
}
