package image

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed archive.go kernel.go modules.go guest/init guest/probe
var kernelFiles embed.FS

// Newest names the newest kernel of Debian's development suite.
const Newest = "newest"

// suitesOf are the suites that have kernels of a series; any other series is
// looked for where new ones come and go.
var suitesOf = map[string][]string{
	"5.10": {"bullseye-security"},
	"6.1":  {"bookworm-security"},
	"6.12": {"trixie", "trixie-security"},
	"6.18": {"trixie-backports"},
	Newest: {"sid"},
}

var otherSuites = []string{"trixie-backports", "sid"}

// Kernel is one of Debian's kernels in the cache.
type Kernel struct {
	Series  string // as asked for
	Version string // as uname -r tells it
	dir     string
}

// Image is the kernel itself.
func (k Kernel) Image() string { return filepath.Join(k.dir, "vmlinuz") }

// Modules is an image of /lib/modules.
func (k Kernel) Modules() string { return filepath.Join(k.dir, "modules.ext4") }

// Kernel returns the newest kernel of a series such as "6.1", or Newest. It is
// that of Debian's for clouds: the usual one with fewer drivers.
func (c *Cache) Kernel(ctx context.Context, series string) (Kernel, error) {
	if !regexp.MustCompile(`^\d+\.\d+$`).MatchString(series) && series != Newest {
		return Kernel{}, fmt.Errorf("a kernel is a series such as 6.1, or %q; got %q", Newest, series)
	}
	hash, err := key(kernelFiles, series)
	if err != nil {
		return Kernel{}, err
	}
	dir, err := c.entry("kernel-"+series, hash, func(dir string) error {
		return c.fetchKernel(ctx, series, dir)
	})
	if err != nil {
		return Kernel{}, fmt.Errorf("kernel %s: %w", series, err)
	}
	version, err := os.ReadFile(filepath.Join(dir, "version"))
	return Kernel{series, strings.TrimSpace(string(version)), dir}, err
}

func (c *Cache) fetchKernel(ctx context.Context, series, dir string) error {
	suites := suitesOf[series]
	if suites == nil {
		suites = otherSuites
	}
	lists := filepath.Join(dir, "apt")
	defer func() { _ = os.RemoveAll(lists) }()
	a, err := newApt(ctx, lists, suites...)
	if err != nil {
		return err
	}
	packages, err := kernelPackages(ctx, a, series)
	if err != nil {
		return err
	}
	c.say("fetching %s", packages[0])
	root := filepath.Join(dir, "root")
	defer func() { _ = os.RemoveAll(root) }()
	if err = a.unpack(ctx, root, packages...); err != nil {
		return err
	}
	return layOutKernel(ctx, root, dir)
}

// kernelPackages names the newest package of the series, and those that make up
// the kernel together with it from 7.x on.
func kernelPackages(ctx context.Context, a *apt, series string) ([]string, error) {
	const image, flavour = "linux-image-", "-cloud-amd64"
	prefix := image
	if series != Newest {
		prefix += series + "."
	}
	names, err := a.names(ctx, prefix)
	if err != nil {
		return nil, err
	}
	if n, err := a.names(ctx, image+series+"-"); err == nil { // 5.10.0-46 and 6.1.0-56, but 7.0-… as well
		names = append(names, n...)
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		version := strings.TrimPrefix(n, image)
		return !strings.HasSuffix(n, flavour) || version == "" || version[0] < '0' || version[0] > '9' || strings.Contains(n, "-rt-")
	})
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: no kernel %s", ErrUnreachable, series)
	}
	newest := slices.MaxFunc(names, compareVersions)
	packages := []string{newest}
	for _, part := range []string{"linux-base-", "linux-binary-", "linux-modules-"} {
		name := part + strings.TrimPrefix(newest, image)
		found, err := a.names(ctx, name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(found, name) {
			packages = append(packages, name)
		}
	}
	return packages, nil
}

var digits = regexp.MustCompile(`\d+`)

// compareVersions compares names by the numbers in them.
func compareVersions(a, b string) int {
	numbers := func(s string) (ns []int) {
		for _, d := range digits.FindAllString(s, -1) {
			n, _ := strconv.Atoi(d) // too large a number is 0, and no version
			ns = append(ns, n)
		}
		return ns
	}
	return slices.Compare(numbers(a), numbers(b))
}

// layOutKernel makes of unpacked packages what a machine boots.
func layOutKernel(ctx context.Context, root, dir string) error {
	lib := filepath.Join(root, "lib/modules")
	if _, err := os.Stat(lib); err != nil {
		if err = os.Rename(filepath.Join(root, "usr/lib"), filepath.Join(root, "lib")); err != nil {
			return err
		}
	}
	versions, err := os.ReadDir(lib)
	if err != nil {
		return err
	}
	if len(versions) != 1 {
		return fmt.Errorf("%d folders of modules in a kernel", len(versions))
	}
	version := versions[0].Name()
	var images []string
	for _, pattern := range []string{"boot/vmlinuz-*", "lib/modules/*/vmlinuz"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		images = append(images, found...)
	}
	if len(images) != 1 {
		return fmt.Errorf("%d images in a kernel: %q", len(images), images)
	}
	if err = os.Rename(images[0], filepath.Join(dir, "vmlinuz")); err != nil {
		return err
	}
	if _, err = run(ctx, nil, "depmod", "-b", root, version); err != nil {
		return err
	}
	if err = bootModules(ctx, root, version, filepath.Join(dir, "boot")); err != nil {
		return err
	}
	if err = makeExt4(ctx, lib, filepath.Join(dir, "modules.ext4"), "modules", 32<<20); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "version"), []byte(version+"\n"), 0o644)
}
