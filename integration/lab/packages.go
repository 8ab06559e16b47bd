package lab

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// mailPackages are the tests' mail server, from the sources that the machine
// has.
var mailPackages = []string{"postfix", "dovecot-core", "rsyslog", "logrotate", "ufw", "iptables"}

// installPackages fetches the packages in the machine's network and installs
// them in one that leads nowhere.
func installPackages(o *Options) error {
	began := time.Now()
	packages := o.Packages
	if packages == nil {
		packages = mailPackages
	}
	if o.program() {
		packages = append(slices.Clone(packages), "systemd", "linux-libc-dev") // for the user and the filter of system calls
	}
	if err := beforeInstall(o); err != nil {
		return err
	}
	o.say("fetching %s", strings.Join(packages, ", "))
	if err := fetch(o, packages); err != nil {
		return err
	}
	o.say("installing them into an overlay of this machine's root")
	args := append([]string{
		"--no-download", "-o", "Dpkg::Use-Pty=0",
		"-o", "Dpkg::Options::=--force-unsafe-io", "-o", "Dpkg::Options::=--force-confold",
		"-o", "Dpkg::Options::=--path-exclude=/usr/share/man/*",
		"-o", "Dpkg::Options::=--path-exclude=/usr/share/locale/*",
		"install",
	}, packages...)
	if err := aptGet(unix.CLONE_NEWNET, args...); err != nil {
		return err
	}
	o.say("installed after %s", time.Since(began).Round(time.Second/10))
	return nil
}

// beforeInstall keeps maintainer scripts from starting daemons, from asking
// questions and from rebuilding indexes that nobody will read.
func beforeInstall(o *Options) error {
	if err := os.WriteFile("/usr/sbin/policy-rc.d", []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return fmt.Errorf("forbid the start of daemons: %w", err)
	}
	if err := os.RemoveAll("/var/lib/man-db/auto-update"); err != nil {
		return fmt.Errorf("switch off the manual's index: %w", err)
	}
	cmd := exec.Command("debconf-set-selections")
	cmd.Stdin = strings.NewReader("postfix postfix/main_mailer_type select No configuration\n" + o.Selections)
	return run(cmd)
}

// fetch gets the packages; with fresh lists only if those at hand name
// packages that cannot be had any more, or none.
func fetch(o *Options, packages []string) error {
	args := append([]string{"--download-only", "install"}, packages...)
	if aptGet(0, args...) == nil {
		return nil
	}
	o.say("the package lists are stale, fetching new ones")
	// One source out of many that fails does not matter; if it does matter,
	// the next call fails and says so.
	_ = aptGet(0, "update")
	return aptGet(0, args...)
}

func aptGet(flags uintptr, args ...string) error {
	cmd := exec.Command("apt-get", append([]string{
		"-q", "-y", "--no-install-recommends",
		"-o", "Dir::Cache::archives=" + debsDir, "-o", "APT::Sandbox::User=root",
	}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	return run(cmd)
}

// run runs cmd; its error tells what cmd printed.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
