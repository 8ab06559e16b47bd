package ingest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// inNamespace runs the calling test again in a user namespace of its own with
// the given limit on inotify (namespaces(7), /proc/sys/user), and reports
// whether this is that run.
func inNamespace(t *testing.T, name string, limit int) bool {
	t.Helper()
	const mark = "SMTPBL_TEST_NAMESPACE"
	if os.Getenv(mark) != "" {
		must(t, os.WriteFile(filepath.Join("/proc/sys/user", name), fmt.Append(nil, limit), 0))
		return true
	}
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	switch {
	case cmd.Process == nil && os.Getenv("SMTPBL_REQUIRE_NETNS") != "1":
		t.Skipf("user namespaces are not to be had: %v", err)
	case err != nil:
		t.Fatalf("in the namespace: %v\n%s", err, out)
	}
	return false
}

func TestInstancesRefused(t *testing.T) {
	if inNamespace(t, "max_inotify_instances", 0) {
		followRefused(t, "max_user_instances")
	}
}

func TestWatchesRefused(t *testing.T) {
	if inNamespace(t, "max_inotify_watches", 1) {
		followRefused(t, "max_user_watches")
	}
}

// followRefused follows logs that are not watched: they are looked at, and
// what is wrong is said once.
func followRefused(t *testing.T, hint string) {
	t.Helper()
	h, dir, hints := newHub(), t.TempDir(), 0
	for i := range 3 {
		r, logged := runOn(t, h, FileConfig{Path: filepath.Join(dir, strconv.Itoa(i)), Poll: time.Millisecond})
		write(t, r.String(), "line 1\n")
		r.want(t, true, "line 1")
		must(t, os.Rename(r.String(), r.String()+".1"))
		write(t, r.String(), "line 2\n")
		r.want(t, true, "line 2")
		hints += logged.count(hint)
	}
	if hints != 1 {
		t.Fatalf("the remedy was named %d times, want once", hints)
	}
}
