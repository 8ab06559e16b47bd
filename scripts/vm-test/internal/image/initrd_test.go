package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInitrd has busybox, which did not write it, list the archive.
func TestInitrd(t *testing.T) {
	if _, err := os.Stat(busybox); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	k := Kernel{dir: dir}
	agent := filepath.Join(dir, "agent")
	for name, text := range map[string]string{agent: "odd", filepath.Join(dir, "boot", "01-virtio.ko"): "module"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	initrd := filepath.Join(dir, "initrd")
	if err := k.Initrd(agent, initrd); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(busybox, "cpio", "-t", "-F", initrd).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(`bin dev proc sys dev/console bin/busybox init root boot run run/vm-test run/systemd
		run/systemd/system run/systemd/system/multi-user.target.wants boot/01-virtio.ko run/vm-test/agent
		run/systemd/system/vm-agent.service run/systemd/system/multi-user.target.wants/vm-agent.service
		run/systemd/system/vm-shell.service run/systemd/system/multi-user.target.wants/vm-shell.service`)
	if d := cmp.Diff(want, strings.Fields(string(out))); d != "" {
		t.Error("names (-want +got):", d)
	}
	cmd := exec.Command(busybox, "cpio", "-i", "-d", "-F", initrd, "run/vm-test/agent", "run/systemd/system/multi-user.target.wants/vm-agent.service")
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if b, err := os.ReadFile(filepath.Join(cmd.Dir, "run/vm-test/agent")); err != nil || string(b) != "odd" {
		t.Errorf("the agent is %q (%v)", b, err)
	}
	if to, err := os.Readlink(filepath.Join(cmd.Dir, "run/systemd/system/multi-user.target.wants/vm-agent.service")); err != nil || to != "../vm-agent.service" {
		t.Errorf("the agent's unit is wanted by %q (%v)", to, err)
	}
}
