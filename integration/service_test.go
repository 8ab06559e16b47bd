package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestReadyMeansEnforcing attacks before the service starts for the first time,
// many at once: when it says that it is ready, each of them is shut out.
func TestReadyMeansEnforcing(t *testing.T) {
	l := world(t)
	var lines []string
	const attackers = 200
	for host := range attackers {
		addr := attacker6(byte(host), 1)
		for range threshold(addr) {
			lines = append(lines, failureLine(addr)+fmt.Sprint(" ", len(lines)))
		}
	}
	must(t, l.Syslog(lines...))
	// Two /48s' worth of /64s would be banned as one.
	serve(t, lab.Start{Config: "[policy]\nnet6_hosts = 0\n"})
	bans, err := l.Bans()
	must(t, err)
	if len(bans) != attackers {
		t.Errorf("%d bans at READY=1, want %d", len(bans), attackers)
	}
	for _, host := range []byte{0, attackers - 1} {
		must(t, shut(attacker6(host, 1)))
	}
}

// TestWatchdog counts the signs of life, stops the service, and expects none.
func TestWatchdog(t *testing.T) {
	world(t)
	const watchdog = time.Second // one sign each half of it
	s := serve(t, lab.Start{Watchdog: watchdog})
	signs := func() int { return strings.Count(s.Told.String(), "WATCHDOG=1") }
	must(t, lab.Until("the service gives signs of life", soon, func() error {
		if signs() < 3 {
			return fmt.Errorf("%d signs of life", signs())
		}
		return nil
	}))
	must(t, s.Signal(syscall.SIGSTOP))
	before := signs()
	time.Sleep(2 * watchdog)
	if now := signs(); now > before+1 { // one may have been under way
		t.Errorf("%d signs of life of a service that is stopped", now-before)
	}
	must(t, s.Signal(syscall.SIGCONT))
}

// TestReloadThatIsRefused reloads a configuration with faults: the log, status,
// what systemd shows and the metrics say so and why, and the old one stays in
// force. A good one takes effect afterwards.
func TestReloadThatIsRefused(t *testing.T) {
	l := world(t)
	s := serve(t, lab.Start{Config: "[policy]\nthreshold4 = 4\n"})
	fault := "threshold4"
	must(t, os.WriteFile(lab.ConfigFile, []byte("[policy]\nthreshold4 = \"many\"\n"), 0o644))
	must(t, s.Signal(syscall.SIGHUP))
	if _, err := s.Log.Await(t.Context(), soon, "the old one stays in force", fault); err != nil {
		t.Error(err)
	}
	if _, err := s.Told.Await(t.Context(), soon, "STATUS=the new configuration is not used", fault); err != nil {
		t.Error(err)
	}
	status, err := l.Smtpbl("status")
	must(t, err)
	if !strings.Contains(status, "the old one stays in force") || !strings.Contains(status, fault) {
		t.Errorf("status does not say why:\n%s", status)
	}
	if out, err := l.Smtpbl("config", "check"); err == nil {
		t.Errorf("the second step of the unit's reload does not fail: %s", out)
	}
	results := func(ok, failed float64) {
		t.Helper()
		m, err := l.Metrics()
		must(t, err)
		if m[`smtpbl_config_reloads_total{result="success"}`] != ok || m[`smtpbl_config_reloads_total{result="failure"}`] != failed {
			t.Errorf("reloads are counted as %v", m)
		}
	}
	results(0, 1)
	failTimes(t, 3, attacker4(1))
	failLast(attacker4(1), lab.PortSMTP, "PLAIN")
	if _, err := s.Log.Await(t.Context(), soon, "banned", "addr="+attacker4(1).String()); err != nil {
		t.Error(err) // at the fourth, as before
	}

	must(t, os.WriteFile(lab.ConfigFile, []byte("[policy]\nthreshold4 = 2\n"), 0o644))
	must(t, s.Signal(syscall.SIGHUP))
	must(t, s.AwaitReady(t.Context()))
	if told := s.Told.String(); strings.Contains(told, "STOPPING=1") {
		t.Errorf("a reload is told as a stop, after which systemd kills what goes on:\n%s", told)
	}
	results(1, 0)
	failTimes(t, 1, attacker4(2))
	failLast(attacker4(2), lab.PortSMTP, "PLAIN")
	must(t, awaitBan(attacker4(2)))
}

// TestRootAndService has root and the service take turns on one history: by hand
// without the service, as a service by hand, and as the unit does it.
func TestRootAndService(t *testing.T) {
	l := world(t)
	// An earlier version ran as root. Then the unit comes, and systemd gives its
	// user all that is there.
	old := serve(t, lab.Start{Root: true})
	earn(t, attacker4(1))
	must(t, old.Stop(t.Context()))
	s := serve(t, lab.Start{})
	must(t, awaitBan(attacker4(1)))
	earn(t, attacker4(2))
	must(t, s.Stop(t.Context()))

	// Now the directories are the user's, and systemd changes nothing in them.
	must(t, os.Remove(filepath.Join(lab.StateDir, "history.db")))
	_, err := l.Smtpbl("set", "add", attacker4(3).String())
	must(t, err)
	byHand := serve(t, lab.Start{Root: true})
	earn(t, attacker4(4))
	must(t, byHand.Kill())
	foreign, err := exec.Command("find", lab.StateDir, lab.RuntimeDir, "!", "-user", "smtpbl", "!", "-type", "s").Output()
	must(t, err)
	if len(foreign) > 0 {
		t.Errorf("not the service's own:\n%s", foreign)
	}
	s = serve(t, lab.Start{})
	if strings.Contains(s.Log.String(), "permission denied") {
		t.Errorf("it may not use what root left:\n%s", s.Log)
	}
	for host := range byte(4) {
		must(t, awaitBan(attacker4(host+1)))
	}
	status, err := l.Smtpbl("status")
	must(t, err)
	if strings.Contains(status, "WARNING") {
		t.Errorf("it is not well:\n%s", status)
	}
}

// TestClosedToOthers looks at who may come near: the directories are the
// service's alone, its socket too, and its memory is not even its user's.
func TestClosedToOthers(t *testing.T) {
	world(t)
	s := serve(t, lab.Start{})
	for name, want := range map[string]string{
		lab.StateDir: "smtpbl:smtpbl 700", lab.RuntimeDir: "smtpbl:smtpbl 700",
		filepath.Join(lab.RuntimeDir, "smtpbl.sock"): "smtpbl:smtpbl 600",
		// With PR_SET_DUMPABLE, what holds its memory is root's (proc_pid_mem(5)).
		fmt.Sprintf("/proc/%d/mem", s.PID()): "root:root 600",
	} {
		got, err := exec.Command("stat", "-c", "%U:%G %a", name).Output()
		if string(got) != want+"\n" {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	// Its own metrics still know what they read of it.
	m, err := laboratory.Metrics()
	must(t, err)
	if m["process_open_fds"] == 0 || m["process_start_time_seconds"] == 0 {
		t.Error("the process metrics are missing")
	}
	for _, who := range []string{"nobody", "smtpbl"} {
		cmd := exec.Command("setpriv", "--reuid="+who, "--regid="+who, "--clear-groups", lab.Binary, "status")
		if who == "nobody" {
			cmd = exec.Command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", lab.Binary, "status")
		}
		out, err := cmd.CombinedOutput()
		if (err == nil) != (who == "smtpbl") {
			t.Errorf("%s asks for status: %v\n%s", who, err, out)
		}
	}
}
