package image

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// tools are the programs and files that are used, with Debian's package of each.
var tools = []struct{ name, pkg string }{
	{"qemu-system-x86_64", "qemu-system-x86"},
	{"qemu-img", "qemu-utils"},
	{"/usr/share/seabios/bios-256k.bin", "seabios"},
	{"mmdebstrap", "mmdebstrap"},
	{"mke2fs", "e2fsprogs"},
	{"depmod", "kmod"},
	{busybox, "busybox-static"},
	{"apt-get", "apt"},
	{"dpkg-deb", "dpkg"},
	{keyring, "debian-archive-keyring"},
}

// busybox must be static: it is the only program of the initrd.
const busybox = "/bin/busybox"

// CheckTools returns an error that says how to install what is missing.
func CheckTools() error {
	if os.Geteuid() != 0 {
		return errors.New("an image is made with chroot and mknod, which needs root: use sudo")
	}
	var missing []string
	for _, t := range tools {
		if _, err := os.Stat(t.name); err == nil {
			continue
		}
		if _, err := exec.LookPath(t.name); err != nil {
			missing = append(missing, t.pkg)
		}
	}
	if missing != nil {
		return fmt.Errorf("packages are missing: apt-get install --no-install-recommends %s", strings.Join(missing, " "))
	}
	return nil
}
