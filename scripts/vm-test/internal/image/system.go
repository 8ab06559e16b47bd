package image

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed archive.go system.go modules.go customise.sh root
var systemFiles embed.FS

// packages make a mail server out of Debian's smallest system. Recommended ones
// stay out.
var packages = []string{
	"systemd-sysv", "udev", "kmod", "dbus", "procps", "iproute2", "passwd", "login", "tzdata", "netbase", "less", "e2fsprogs",
	"ufw", "iptables", "nftables", "conntrack",
	"postfix", "dovecot-core", "rsyslog", "logrotate", "cron", "ssl-cert", "openssl",
	"linux-libc-dev", // names the system calls that the integration tests forbid
}

// Suites are those that a system can be made of.
var Suites = []string{"bullseye", "bookworm", "trixie"}

// System is an installed Debian in the cache.
type System struct {
	Suite   string
	Version string // as /etc/debian_version tells it
	dir     string
}

// Disk is an image of the root file system.
func (s System) Disk() string { return filepath.Join(s.dir, "root.ext4") }

// Manifest names the file that lists the packages with their versions.
func (s System) Manifest() string { return filepath.Join(s.dir, "manifest") }

// System returns a mail server of one of the Suites.
func (c *Cache) System(ctx context.Context, suite string) (System, error) {
	if !slices.Contains(Suites, suite) {
		return System{}, fmt.Errorf("a suite is one of %s; got %q", strings.Join(Suites, ", "), suite)
	}
	hash, err := key(systemFiles, suite)
	if err != nil {
		return System{}, err
	}
	dir, err := c.entry("system-"+suite, hash, func(dir string) error {
		c.say("making an image of %s", suite)
		return makeSystem(ctx, suite, dir)
	})
	if err != nil {
		return System{}, fmt.Errorf("system %s: %w", suite, err)
	}
	version, err := os.ReadFile(filepath.Join(dir, "version"))
	return System{suite, strings.TrimSpace(string(version)), dir}, err
}

func makeSystem(ctx context.Context, suite, dir string) error {
	root := filepath.Join(dir, "root")
	if err := install(ctx, suite, root); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer func() { _ = os.RemoveAll(root) }()
	if err := customise(ctx, root); err != nil {
		return err
	}
	if err := writeManifest(root, filepath.Join(dir, "manifest")); err != nil {
		return err
	}
	version, err := os.ReadFile(filepath.Join(root, "etc/debian_version"))
	if err != nil {
		return err
	}
	if err = os.WriteFile(filepath.Join(dir, "version"), version, 0o644); err != nil {
		return err
	}
	return makeExt4(ctx, root, filepath.Join(dir, "root.ext4"), "root", 1<<30)
}

// install makes the system with the packages. Programs that packages bring with
// them run in a chroot of it, and start no daemon there.
func install(ctx context.Context, suite, root string) error {
	base, err := archive(ctx)
	if err != nil {
		return err
	}
	sources := []string{source(base, suite), source(base, suite+"-security")}
	if suite != "bullseye" {
		sources = append(sources, source(base, suite+"-updates"))
	}
	args := []string{
		"--quiet", "--mode=root", "--variant=minbase", "--architectures=amd64", "--format=directory",
		// The merged /usr of all these suites; mmdebstrap's own hook for it
		// does not work with bullseye.
		`--setup-hook=for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s usr/$d "$1/$d"; done`,
		"--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Check-Valid-Until \"false\"",
		"--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\"",
		"--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/man/*",
		"--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
		"--skip=output/dev",
		"--include=" + strings.Join(packages, ","), suite, root,
	}
	_, err = run(ctx, []string{"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}, "mmdebstrap", append(args, sources...)...)
	return err
}

// customise copies the files below root/ and runs customise.sh in a chroot.
func customise(ctx context.Context, root string) error {
	err := fs.WalkDir(systemFiles, "root", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(root, strings.TrimPrefix(path, "root"))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		b, err := systemFiles.ReadFile(path)
		if err != nil {
			return err
		}
		// Some of them are links into /run, which would be followed.
		if err = os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
	if err != nil {
		return err
	}
	script, err := systemFiles.ReadFile("customise.sh")
	if err != nil {
		return err
	}
	_, err = run(ctx, []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "chroot", root, "/bin/bash", "-c", string(script))
	return err
}

// writeManifest lists what dpkg has installed, one Package=Version a line.
func writeManifest(root, file string) error {
	f, err := os.Open(filepath.Join(root, "var/lib/dpkg/status"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var lines []string
	var name string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if n, found := strings.CutPrefix(in.Text(), "Package: "); found {
			name = n
		}
		if v, found := strings.CutPrefix(in.Text(), "Version: "); found {
			lines = append(lines, name+"="+v)
		}
	}
	if err = in.Err(); err != nil {
		return err
	}
	slices.Sort(lines)
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}
