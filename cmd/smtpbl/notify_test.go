package main

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/pipeline"
	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/policy"
)

const testWatchdog = 200 * time.Millisecond

// manager listens as systemd does with that WatchdogSec=, and returns what it is told.
func manager(t *testing.T, watchdog time.Duration) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(watchdog.Microseconds(), 10))
	told := make(chan string, 1000)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			told <- string(buf[:n])
		}
	}()
	return told
}

// await waits until the manager is told text.
func await(t *testing.T, told <-chan string, text string) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case got := <-told:
			if strings.Contains(got, text) {
				return
			}
		case <-late:
			t.Fatalf("%s was not told", text)
		}
	}
}

// silence expects that the manager is told of no life for some time.
func silence(t *testing.T, told <-chan string, what string) {
	t.Helper()
	time.Sleep(2 * testWatchdog) // what was under way
	for len(told) > 0 {
		<-told
	}
	time.Sleep(3 * testWatchdog)
	if n := len(told); n > 0 {
		t.Errorf("%d signs of life while %s", n, what)
	}
}

// pipelineAlone is a service of which only the pipeline runs, until the test ends.
func pipelineAlone(t *testing.T) *service {
	cfg := config.Default()
	log := slog.New(slog.DiscardHandler)
	s := &service{cfg: cfg, log: log, dryRun: true, started: time.Now(), metrics: metrics.New("test")}
	s.engine = newEngine(&cfg.Policy, s.started)
	s.enforcer = enforce.New(s.enforceOptions())
	s.judge = pipeline.NewJudge(s.engine, s.enforcer, s.metrics, nil, log)
	s.sources = newSources(s)
	close(s.sources.caught)
	go func() { _ = s.enforcer.Run(t.Context()) }()
	go func() { _ = s.judge.Run(t.Context()) }()
	return s
}

// TestReadyWhenAllDoorsAreTried has two sockets of which one takes its time.
func TestReadyWhenAllDoorsAreTried(t *testing.T) {
	told := manager(t, testWatchdog)
	s := pipelineAlone(t)
	open, slow := s.doors.add(), s.doors.add()
	open()
	open() // a second attempt is no second door
	go func() { _ = s.notify(t.Context()) }()
	silence(t, told, "a door has not been tried")
	slow()
	await(t, told, "READY=1")
}

// TestSignsOfLifeAroundAReload is between two ticks of a long watchdog: systemd
// counts from the last sign of life, whatever was reloaded meanwhile.
func TestSignsOfLifeAroundAReload(t *testing.T) {
	told := manager(t, time.Hour)
	s := pipelineAlone(t)
	ctx, reload := context.WithCancelCause(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.notify(ctx)
	}()
	await(t, told, "READY=1")
	await(t, told, "WATCHDOG=1")
	reload(errReload)
	await(t, told, "WATCHDOG=1")
	<-ended
	if len(told) > 0 {
		t.Errorf("also told: %q", <-told)
	}
}

// TestWatchdogStarvesWithThePipeline blocks the Judge, which every reader waits for
// too, and then the Enforcer: no sign of life is given until they go on.
func TestWatchdogStarvesWithThePipeline(t *testing.T) {
	told := manager(t, testWatchdog)
	s := pipelineAlone(t)
	ctx := t.Context()
	go func() { _ = s.notify(ctx) }()
	await(t, told, "READY=1")
	for what, block := range map[string]func(until <-chan struct{}){
		"the Judge hangs": func(until <-chan struct{}) {
			_ = s.judge.Ask(context.WithoutCancel(ctx), func(*policy.Engine) { <-until })
		},
		"the Enforcer hangs": func(until <-chan struct{}) {
			_ = s.enforcer.Ask(context.WithoutCancel(ctx), func(*enforce.Enforcer) { <-until })
		},
	} {
		await(t, told, "WATCHDOG=1")
		until := make(chan struct{})
		go block(until)
		silence(t, told, what)
		close(until)
	}
	await(t, told, "WATCHDOG=1")
}
