package packaging

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

// rpmFiles are the files of the RPM package: mode, owner, flags (c configuration,
// n not replaced, d documentation, l licence), name.
const rpmFiles = `
drwxr-xr-x root/root  /etc/smtpbl
-rw-r--r-- root/root cn /etc/smtpbl/smtpbl.toml
-rw-r--r-- root/root  /usr/lib/systemd/system/smtpbl.service
drwxr-xr-x root/root  /usr/lib/systemd/system/smtpbl.service.d
-rw-r--r-- root/root  /usr/lib/systemd/system/smtpbl.service.d/read-logs.conf
-rw-r--r-- root/root  /usr/lib/sysusers.d/smtpbl.conf
-rwxr-xr-x root/root  /usr/sbin/smtpbl
-rw-r--r-- root/root  /usr/share/bash-completion/completions/smtpbl
drwxr-xr-x root/root  /usr/share/doc/smtpbl
-rw-r--r-- root/root d /usr/share/doc/smtpbl/CHANGELOG.md
-rw-r--r-- root/root d /usr/share/doc/smtpbl/third-party-notices.gz
-rw-r--r-- root/root  /usr/share/fish/vendor_completions.d/smtpbl.fish
-rw-r--r-- root/root l /usr/share/licenses/smtpbl/LICENSE
-rw-r--r-- root/root d /usr/share/man/man5/smtpbl.toml.5.gz
-rw-r--r-- root/root d /usr/share/man/man8/smtpbl.8.gz
drwxr-xr-x root/root  /usr/share/smtpbl
-rw-r--r-- root/root  /usr/share/smtpbl/grafana-dashboard.json
-rw-r--r-- root/root  /usr/share/smtpbl/prometheus-alerts.yml
-rw-r--r-- root/root  /usr/share/zsh/site-functions/_smtpbl
`

func TestRPMContents(t *testing.T) {
	labtest.Need(t)
	rpm := built(t, "first", ".rpm")
	files := "\n" + run(t, "rpm", "--query", "--package", rpm, "--queryformat",
		"[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILENAMES}\n]")
	if diff := cmp.Diff(rpmFiles, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got, want := run(t, "rpm", "--query", "--package", rpm, "--queryformat", "%{NVRA} %{LICENSE} %{BUILDTIME} %{BUILDHOST}"),
		"smtpbl-"+version+"-1.x86_64 MIT "+buildTime+" localhost"; got != want {
		t.Errorf("package %q, want %q", got, want)
	}
	if out := run(t, "rpm", "--checksig", rpm); !strings.Contains(out, "digests OK") {
		t.Errorf("the check of the digests says: %s", out)
	}
}

// TestRPMLife installs, upgrades and removes the package. RPM knows no purge:
// history and user stay, and what the administrator wrote.
func TestRPMLife(t *testing.T) {
	labtest.Need(t)
	rpm := func(args ...string) {
		t.Helper()
		// Debian's own packages are not in RPM's database.
		run(t, "rpm", append([]string{"--force-debian", "--nodeps"}, args...)...)
	}
	rpm("--install", built(t, "first", ".rpm"))
	wantVersion(t, version)
	wantUser(t)
	stop := serve(t)
	run(t, program, "set", "add", banned, "--for", banFor.String())
	write(t, conffile, "[policy]\nthreshold4 = 6\n")

	rpm("--upgrade", built(t, "next", ".rpm"))
	wantVersion(t, nextVersion)
	wantBan(t)
	if got := read(t, conffile); !strings.Contains(got, "threshold4 = 6") {
		t.Errorf("the administrator's configuration was replaced by:\n%s", got)
	}

	stop()
	rpm("--erase", "smtpbl")
	wantFile(t, program, false)
	wantFile(t, history, true)
	wantFile(t, lab.RuntimeDir, false)
	wantFile(t, enabled, false)
	if got := run(t, "nft", "list", "ruleset"); got != "" {
		t.Errorf("the firewall still has:\n%s", got)
	}
	if got := read(t, conffile+".rpmsave"); !strings.Contains(got, "threshold4 = 6") {
		t.Errorf("the administrator's configuration was saved as:\n%s", got)
	}
	for _, dir := range ours {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}
	run(t, "userdel", "smtpbl")
}
