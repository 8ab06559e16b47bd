package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	bolt "go.etcd.io/bbolt"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
)

// isolated marks the test binary that already runs in its own network
// namespace.
const isolated = "SMTPBL_TEST_ISOLATED"

// TestMain registers the program itself as a command of the scripts, so that
// what they run is what users run, and moves the tests into fresh network and
// mount namespaces: nothing here can touch the machine's own firewall or disks.
func TestMain(m *testing.M) {
	if len(os.Args) > 0 && !strings.HasSuffix(os.Args[0], ".test") || os.Getenv(isolated) != "" || os.Geteuid() != 0 {
		testscript.Main(m, map[string]func(){"smtpbl": main})
		return
	}
	os.Exit(isolate())
}

func isolate() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig follows the thread that forked
	err := cmd.Run()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Run returns it bare
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot run the tests in a network namespace:", err)
		return 1
	}
	return 0
}

func TestScripts(t *testing.T) {
	root := os.Geteuid() == 0
	if root {
		nstest.LoopbackUp(t)
	} else if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatal("the scripts that change the kernel's tables need root")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Condition: func(name string) (bool, error) {
			if name == "netns" {
				return root, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"until":  until,
			"log":    logLine,
			"crowd":  crowd,
			"signal": sendSignal,
			"spoil":  spoil,
			"schema": setSchema,
			"send":   send,
			"ask":    ask,
			"knock":  knockAt,
			"watch":  watchScreen,
			"hold":   hold,
		},
		Setup: setup,
	})
}

// setup gives each script a table and a metrics port of its own, so that they
// can run side by side.
func setup(e *testscript.Env) error {
	n := strconv.Itoa(os.Getpid()%1000) + strconv.FormatInt(time.Now().UnixNano()%1_000_000_000, 36)
	config := fmt.Sprintf(`
state_dir = %q
runtime_dir = %q
[ingest]
files = [%q]
journal = "off"
[nft]
table = "smtpbl_%s"
[metrics]
listen = "127.0.0.1:0"
`, e.WorkDir+"/state", e.WorkDir+"/run", e.WorkDir+"/mail.log", n)
	return os.WriteFile(e.WorkDir+"/c.toml", []byte(config), 0o600)
}

// exits runs a command and wants exactly this exit code: exits 2 smtpbl foo.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Exec returns it bare
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// patience bounds what until waits for.
const patience = 20 * time.Second

// until repeats a command until its output matches: until 'ready' cat log.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND…")
	}
	re := regexp.MustCompile(args[0])
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// Not ts.Exec, which would log each attempt. A failing command shows
		// in what it prints.
		cmd := exec.CommandContext(ctx, lookPath(ts, args[1]), args[2:]...)
		cmd.Dir = ts.MkAbs(".")
		cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME")}
		out, _ := cmd.CombinedOutput()
		if re.Match(out) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("no match for %q in %v; the last output was:\n%s", args[0], patience, out)
		}
	}
}

// lookPath finds a command in the script's PATH, where the program itself is.
func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	ts.Fatalf("no command %q", name)
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// logLine appends failed logins to mail.log with the stamp of now:
// log ADDR USER N.
func logLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: log ADDR USER N")
	}
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	var text bytes.Buffer
	for range n {
		writeFailure(&text, args[0], args[1])
	}
	appendLog(ts, text.Bytes())
}

// appendLog adds text to mail.log with one write.
func appendLog(ts *testscript.TestScript, text []byte) {
	f, err := os.OpenFile(ts.MkAbs("mail.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.Write(text)
	ts.Check(err)
	ts.Check(f.Close())
}

func writeFailure(w io.Writer, addr, user string) {
	fmt.Fprintf(w, "%s mx1 postfix/submission/smtpd[4242]: warning: unknown[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=%s\n",
		time.Now().Format("2006-01-02T15:04:05.000000-07:00"), addr, user)
}

// crowd appends to mail.log what earns N addresses of as many nets a ban:
// crowd N.
func crowd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: crowd N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var text bytes.Buffer
	for i := range n {
		for range 5 {
			writeFailure(&text, fmt.Sprintf("10.%d.%d.7", i>>8, i&255), "alice")
		}
	}
	appendLog(ts, text.Bytes())
}

// sendSignal signals the service by the process id in its lock file:
// signal TERM.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal TERM|HUP|KILL")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile("run/smtpbl.lock")))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, signals[args[0]]))
}

// spoil overwrites a file with what is no such file.
func spoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spoil FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte("spoilt"), 10_000), 0o600))
}

// setSchema makes a history look as if a smtpbl of another schema wrote it:
// schema N FILE.
func setSchema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: schema N FILE")
	}
	db, err := bolt.Open(ts.MkAbs(args[1]), 0o600, nil)
	ts.Check(err)
	ts.Check(errors.Join(db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte(args[0]))
	}), db.Close()))
}
