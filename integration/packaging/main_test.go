// Package packaging builds the Debian and RPM packages and installs, upgrades,
// removes and purges them in the laboratory, with Debian's own tools. There is no
// systemd that runs: what the packages do with one is shown in the virtual
// machines of scripts/vm-test.
package packaging

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/integration/lab/labtest"
)

var laboratory *lab.Lab

func TestMain(m *testing.M) {
	labtest.Main(m, func() (err error) {
		laboratory, err = lab.Enter(lab.Options{
			Packages: []string{"systemd", "lintian", "rpm", "nftables", "ufw", "iptables"},
			Build:    build,
			Say:      labtest.Say,
		})
		if err == nil {
			err = bare()
		}
		return err
	})
}

// ours are directories that the laboratory has mounted, and that a package must
// be able to make and to remove.
var ours = []string{"/etc/smtpbl", "/var/lib/smtpbl"}

// bare makes the laboratory a machine that never had smtpbl.
func bare() error {
	for _, dir := range ours {
		if err := errors.Join(unix.Unmount(dir, 0), os.RemoveAll(dir)); err != nil {
			return fmt.Errorf("empty the laboratory: %w", err)
		}
	}
	return nil
}

// built is the path of a package that build made in the folder dir.
func built(t *testing.T, dir, ending string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(lab.BuiltDir, dir, "*"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("packages in %s: %v, %v, want one", dir, found, err)
	}
	return found[0]
}

// run runs a program on the mail server and returns all that it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := try(name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func try(name string, args ...string) (string, error) {
	var out strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "TZ=UTC")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := laboratory.MX.Start(cmd); err != nil {
		return "", err
	}
	err := cmd.Wait()
	return out.String(), err
}
