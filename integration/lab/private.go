package lab

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// privateDirs are empty inside, whatever the machine has there: its own mail
// queue, logs, bans and running services are none of our business.
var privateDirs = []struct {
	dir  string
	mode os.FileMode
}{
	{"/dev", 0o755},
	{"/run", 0o755},
	{"/tmp", 0o1777},
	{"/var/tmp", 0o1777},
	{"/var/log", 0o755},
	{"/var/spool/postfix", 0o755},
	{"/var/lib/postfix", 0o755},
	{"/var/lib/smtpbl", 0o755},
	{"/etc/smtpbl", 0o755},
	{"/etc/logrotate.d", 0o755},
}

// mountPrivate mounts what the new root has of its own.
func mountPrivate() error {
	for _, p := range privateDirs {
		dir := newRoot + p.dir
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a private directory: %w", err)
		}
		if err := mount("tmpfs", dir, 0, fmt.Sprintf("mode=%o", p.mode)); err != nil {
			return err
		}
	}
	if err := mount("proc", newRoot+"/proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := mount("sysfs", newRoot+"/sys", unix.MS_RDONLY, ""); err != nil {
		return err
	}
	return fillDev(newRoot + "/dev")
}

// fillDev puts the devices into dev that every program expects. The rest of
// the machine's /dev stays outside, above all its /dev/log.
func fillDev(dev string) error {
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		f, err := os.Create(dev + "/" + name)
		if err != nil {
			return fmt.Errorf("make a device: %w", err)
		}
		_ = f.Close()
		if err := unix.Mount("/dev/"+name, dev+"/"+name, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind the device %s: %w", name, err)
		}
	}
	for _, name := range []string{"pts", "shm"} {
		if err := os.Mkdir(dev+"/"+name, 0o755); err != nil {
			return fmt.Errorf("make a device: %w", err)
		}
	}
	if err := mount("devpts", dev+"/pts", 0, "newinstance,ptmxmode=0666,mode=0620"); err != nil {
		return err
	}
	if err := mount("tmpfs", dev+"/shm", 0, "mode=1777"); err != nil {
		return err
	}
	for name, to := range map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd",
		"stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(to, dev+"/"+name); err != nil {
			return fmt.Errorf("make a device: %w", err)
		}
	}
	return nil
}

func mount(kind, dir string, flags uintptr, opts string) error {
	if err := unix.Mount(kind, dir, kind, flags, opts); err != nil {
		return fmt.Errorf("mount %s on %s: %w", kind, dir, err)
	}
	return nil
}
