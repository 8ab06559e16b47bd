package packaging

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

const (
	program  = "/usr/sbin/smtpbl"
	conffile = "/etc/smtpbl/smtpbl.toml"
	history  = "/var/lib/smtpbl/history.db"
	// banned is an address that is banned by hand, for banFor.
	banned = "198.51.100.7"
	banFor = time.Hour
	// enabled is the link by which systemd starts the service.
	enabled = "/etc/systemd/system/multi-user.target.wants/smtpbl.service"
)

// TestDebLife installs the package, upgrades, downgrades, removes, installs it
// again and purges it, and looks for what is left.
func TestDebLife(t *testing.T) {
	labtest.Need(t)
	// TestRPMLife may have left these: they are no RPM's of ours, and dpkg takes them.
	for _, dir := range []string{"/usr/share/fish/vendor_completions.d", "/usr/share/fish"} {
		_ = os.Remove(dir) // not where there is something in it
	}
	before := traces(t)

	run(t, "dpkg", "--install", built(t, "first", ".deb"))
	wantVersion(t, version)
	wantUser(t)
	wantFile(t, enabled, true)
	stop := serve(t)
	run(t, program, "set", "add", banned, "--for", banFor.String())

	run(t, "dpkg", "--install", built(t, "next", ".deb"))
	wantVersion(t, nextVersion)
	wantBan(t)
	run(t, "dpkg", "--install", built(t, "first", ".deb")) // a downgrade
	wantVersion(t, version)
	wantBan(t)

	write(t, conffile, "[nft]\nhook = \"ufw\"\n")
	rules := read(t, "/etc/ufw/before.rules")
	run(t, program, "harness", "install")
	if read(t, "/etc/ufw/before.rules") == rules {
		t.Fatal("the harness is not in ufw's files")
	}
	stop()
	out := run(t, "dpkg", "--remove", "smtpbl")
	if !strings.Contains(out, "the table inet smtpbl is gone from the kernel with its bans; the history keeps them\n") {
		t.Errorf("the removal says:\n%s", out)
	}
	wantFile(t, program, false)
	wantFile(t, conffile, true)
	wantFile(t, history, true)
	wantFile(t, lab.RuntimeDir, false)
	if got := read(t, "/etc/ufw/before.rules"); got != rules {
		t.Errorf("ufw's rules are not as they were:\n%s", got)
	}
	if got := run(t, "nft", "list", "ruleset"); got != "" {
		t.Errorf("the firewall still has:\n%s", got)
	}

	run(t, "dpkg", "--install", built(t, "first", ".deb"))
	if got := read(t, conffile); !strings.Contains(got, "ufw") {
		t.Errorf("the administrator's configuration was replaced by:\n%s", got)
	}
	write(t, conffile, "")
	stop = serve(t)
	wantBan(t)
	stop()

	write(t, "/etc/smtpbl/auth-policy.key", "secret")
	run(t, "dpkg", "--purge", "smtpbl")
	if left := difference(before, traces(t)); left != "" {
		t.Errorf("the purge left (+) or took (-):\n%s", left)
	}
}

// TestChoicesOutliveUpgrades disables and masks the service.
func TestChoicesOutliveUpgrades(t *testing.T) {
	labtest.Need(t)
	for _, choice := range []string{"disable", "mask"} {
		t.Run(choice, func(t *testing.T) {
			run(t, "dpkg", "--install", built(t, "first", ".deb"))
			t.Cleanup(func() {
				run(t, "systemctl", "unmask", "smtpbl.service")
				run(t, "dpkg", "--purge", "smtpbl")
			})
			state := func() string {
				out, _ := try("systemctl", "is-enabled", "smtpbl.service") // its status says the same
				return strings.TrimSpace(out)
			}
			if got := state(); got != "enabled" {
				t.Fatalf("the service is %s after the installation", got)
			}
			run(t, "systemctl", choice, "smtpbl.service")
			chosen := state()
			if chosen != choice+"d" && chosen != choice+"ed" {
				t.Fatalf("the service is %s after systemctl %s", chosen, choice)
			}
			run(t, "dpkg", "--install", built(t, "next", ".deb"))
			if got := state(); got != chosen {
				t.Errorf("after an upgrade the service is %s, and was %s", got, chosen)
			}
			run(t, "dpkg", "--remove", "smtpbl")
			run(t, "dpkg", "--install", built(t, "next", ".deb"))
			if got := state(); got != chosen {
				t.Errorf("installed again the service is %s, and was %s", got, chosen)
			}
		})
	}
}

// TestAnotherUnit installs the package beside units that come before its own: the
// service would go on with those, and without a word nobody would know.
func TestAnotherUnit(t *testing.T) {
	labtest.Need(t)
	for unit, says := range map[string]string{
		"/etc/systemd/system/smtpbl.service":           "still that of /etc/systemd/system/smtpbl.service",
		"/usr/local/lib/systemd/system/smtpbl.service": "make uninstall",
		"": "",
	} {
		t.Run(unit, func(t *testing.T) {
			if unit != "" {
				if err := os.MkdirAll(filepath.Dir(unit), 0o755); err != nil {
					t.Fatal(err)
				}
				write(t, unit, "[Service]\nExecStart=/bin/true\n")
				t.Cleanup(func() { _ = os.Remove(unit) })
			}
			out := run(t, "dpkg", "--install", built(t, "first", ".deb"))
			t.Cleanup(func() { run(t, "dpkg", "--purge", "smtpbl") })
			if told := strings.Contains(out, "the service is still"); told != (unit != "") || !strings.Contains(out, says) {
				t.Errorf("the installation says:\n%s", out)
			}
		})
	}
}

// TestRemovalWithFaults removes the package where its command cannot do all that
// it is to do: dpkg must not be held up.
func TestRemovalWithFaults(t *testing.T) {
	labtest.Need(t)
	t.Run("a configuration with errors", func(t *testing.T) {
		run(t, "dpkg", "--install", built(t, "first", ".deb"))
		run(t, program, "set", "add", banned)
		write(t, conffile, "nonsense\n")
		run(t, "dpkg", "--purge", "smtpbl")
		if got := run(t, "nft", "list", "ruleset"); got != "" {
			t.Errorf("the firewall still has:\n%s", got)
		}
	})
	t.Run("a service that runs", func(t *testing.T) {
		run(t, "dpkg", "--install", built(t, "first", ".deb"))
		stop := serve(t)
		out := run(t, "dpkg", "--purge", "smtpbl")
		if !strings.Contains(out, "another smtpbl is running") || !strings.Contains(out, "nft delete table inet smtpbl") {
			t.Errorf("the removal says:\n%s", out)
		}
		stop()
		run(t, "nft", "delete", "table", "inet", "smtpbl")
	})
	for _, dir := range append(ours, lab.RuntimeDir) {
		if err := os.RemoveAll(dir); err != nil { // what the service wrote at its end
			t.Error(err)
		}
	}
}

// serve runs the installed service until stop is called.
func serve(t *testing.T) (stop func()) {
	t.Helper()
	var out strings.Builder
	cmd := exec.Command(program, "run")
	cmd.Stderr = &out
	if err := laboratory.MX.Start(cmd); err != nil {
		t.Fatal(err)
	}
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the service: %v\n%s", err, out.String())
		}
	}
	t.Cleanup(stop)
	err := lab.Until("the service answers", 20*time.Second, func() error {
		_, err := try(program, "status")
		return err
	})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	return stop
}

// wantBan looks for the ban in the kernel, by way of nft, and asks smtpbl for the
// time that it has left.
func wantBan(t *testing.T) {
	t.Helper()
	if rules := run(t, "nft", "list", "ruleset"); !strings.Contains(rules, banned) {
		t.Errorf("%s is not banned in the kernel:\n%s", banned, rules)
	}
	var bans []lab.Ban
	if err := json.Unmarshal([]byte(run(t, program, "set", "list", "--json")), &bans); err != nil {
		t.Fatal(err)
	}
	if len(bans) != 1 || bans[0].Addr != banned {
		t.Fatalf("bans %+v, want one of %s", bans, banned)
	}
	left := time.Duration(bans[0].RemainingSeconds * float64(time.Second))
	if left >= banFor || left < banFor-5*time.Minute {
		t.Errorf("the ban has %v left, of %v", left, banFor)
	}
}

func wantVersion(t *testing.T, want string) {
	t.Helper()
	if got := run(t, program, "version"); !strings.HasPrefix(got, "smtpbl "+want+" ") {
		t.Errorf("version %q, want %s", got, want)
	}
}

func wantUser(t *testing.T) {
	t.Helper()
	groups := strings.Fields(run(t, "id", "--groups", "--name", "smtpbl"))
	if got := fmt.Sprint(groups); got != "[smtpbl adm systemd-journal]" && got != "[smtpbl systemd-journal adm]" {
		t.Errorf("the user's groups are %v", groups)
	}
}

func wantFile(t *testing.T, path string, want bool) {
	t.Helper()
	if _, err := os.Lstat(path); (err == nil) != want {
		t.Errorf("%s is there: %v, want %v", path, err == nil, want)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
