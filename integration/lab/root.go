package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// What was built outside is carried to the first process by its paths: the
// smtpbl program, and the directory that Options.Build filled. They are empty
// where it is not wanted.
const (
	binaryVar = "SMTPBL_LAB_BINARY"
	builtVar  = "SMTPBL_LAB_BUILT"
)

const (
	// Binary is where the smtpbl program lies inside.
	Binary = "/usr/local/sbin/smtpbl"
	// BuiltDir is where the files of Options.Build lie inside.
	BuiltDir = "/srv/smtpbl-lab"
)

// scaffold is an empty directory of every Debian system; in our own mount
// namespace a tmpfs hides it while the new root is built on that.
const scaffold = "/mnt"

const newRoot = scaffold + "/root"

// enterRoot makes the overlay and changes into it.
func enterRoot(cache *cache) error {
	// Nothing mounted from here on may be seen outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	resolv, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read name servers: %w", err)
	}
	if err := mountRoot(); err != nil {
		return err
	}
	if err := mountPrivate(); err != nil {
		return err
	}
	if err := cache.bind(newRoot); err != nil {
		return err
	}
	if err := putResolv(resolv); err != nil {
		return err
	}
	if err := putBuilt(); err != nil {
		return err
	}
	return pivot()
}

// putBuilt puts in place what was built outside.
func putBuilt() error {
	if binary := os.Getenv(binaryVar); binary != "" {
		if err := copyFile(newRoot+Binary, binary, 0o755); err != nil {
			return err
		}
	}
	if dir := os.Getenv(builtVar); dir != "" {
		if err := os.CopyFS(newRoot+BuiltDir, os.DirFS(dir)); err != nil {
			return fmt.Errorf("copy what was built: %w", err)
		}
	}
	return nil
}

// mountRoot mounts overlays over the root file system and over those others
// that hold parts of the system.
func mountRoot() error {
	if err := unix.Mount("smtpbl-lab", scaffold, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	mounts, err := systemMounts()
	if err != nil {
		return err
	}
	for i, dir := range append([]string{"/"}, mounts...) {
		layer := fmt.Sprintf("%s/layer%d", scaffold, i)
		for _, d := range []string{newRoot, layer + "/upper", layer + "/work"} {
			if err := os.MkdirAll(d, 0o755); err != nil {
				return fmt.Errorf("make a layer: %w", err)
			}
		}
		opts := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", dir, layer, layer)
		if err := unix.Mount("overlay", filepath.Join(newRoot, dir), "overlay", 0, opts); err != nil {
			return fmt.Errorf("mount an overlay of %s (a container needs the right to, "+
				"and a root that is no overlay of overlays): %w", dir, err)
		}
	}
	return nil
}

// systemMounts lists file systems other than the root's that hold parts of
// the operating system, such as a separate /usr or /var, outermost first.
func systemMounts() ([]string, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(info)) {
		// proc_pid_mountinfo(5): field 5 is the mount point.
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		switch dir := f[4]; dir {
		case "/usr", "/etc", "/var", "/var/lib", "/var/cache", "/opt", "/usr/lib/modules":
			found = append(found, dir)
		}
	}
	return found, nil
}

// putResolv puts the name servers in place of what is often a link into
// /run; fetching packages needs them.
func putResolv(content []byte) error {
	name := newRoot + "/etc/resolv.conf"
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace name servers: %w", err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return fmt.Errorf("replace name servers: %w", err)
	}
	return nil
}

func pivot() error {
	// pivot_root(2): with both the same, the old root ends up mounted over
	// the new one and can be detached without a place of its own.
	if err := os.Chdir(newRoot); err != nil {
		return fmt.Errorf("enter the new root: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("enter the new root: %w", err)
	}
	return nil
}

func copyFile(to, from string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	if _, err = io.Copy(out, in); err != nil {
		_ = out.Close()
		return fmt.Errorf("copy a file: %w", err)
	}
	if err = out.Close(); err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	return nil
}
