package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// benchService is the whole service over a real table in the namespace of the
// test binary.
type benchService struct {
	b    *testing.B
	cfg  config.Config
	log  *os.File
	read *nft.Reader
	pid  int
	stop func()
}

// start runs the service until the benchmark ends. before prepares its state.
func start(b *testing.B, before func(cfg *config.Config)) *benchService {
	b.Helper()
	if os.Getenv(isolated) == "" {
		b.Skip("needs root for a network namespace")
	}
	dir := b.TempDir()
	cfg := config.Default()
	cfg.StateDir, cfg.RuntimeDir = filepath.Join(dir, "state"), filepath.Join(dir, "run")
	cfg.Ingest.Files, cfg.Ingest.Journal = []string{filepath.Join(dir, "mail.log")}, config.JournalOff
	cfg.Policy.Net4Hosts, cfg.Policy.Threshold4 = 0, 1
	cfg.NFT.Table = fmt.Sprintf("bench_%d", time.Now().UnixNano())
	cfg.NFT.MaxBans = 2_000_000
	cfg.Metrics.Listen = ""
	if before != nil {
		before(&cfg)
	}
	log, err := os.OpenFile(cfg.Ingest.Files[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	r := &benchService{b: b, cfg: cfg, log: log}
	r.run(dir)
	if r.read, err = nft.OpenReadOnly(tableConfig(cfg.NFT)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.read.Close() })
	return r
}

// run starts the program as a process of its own, so that measuring does not
// disturb its scheduler, and returns when it is ready.
func (r *benchService) run(dir string) {
	r.b.Helper()
	program, file := filepath.Join(dir, "smtpbl"), filepath.Join(dir, "c.toml")
	self, err := os.Executable()
	if err == nil {
		err = errors.Join(os.Symlink(self, program), os.WriteFile(file, r.cfg.TOML(), 0o600))
	}
	if err != nil {
		r.b.Fatal(err)
	}
	cmd := exec.Command(program, "--config", file, "run") // TestMain makes the test binary the program
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.b.Fatal(err)
	}
	r.pid = cmd.Process.Pid
	drained := make(chan struct{})
	r.stop = func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			r.b.Error(err)
		}
		<-drained
		if err := cmd.Wait(); err != nil {
			r.b.Error(err)
		}
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "msg=ready") {
	}
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, out)
	}()
}

func address(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
}

func failedLogin(p netip.Prefix) string {
	return time.Now().Format("2006-01-02T15:04:05.000000-07:00") + " mx1 postfix/smtpd[7]: warning: unknown[" + p.Addr().String() +
		"]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice\n"
}

// await asks the kernel now and then until it has the ban.
func (r *benchService) await(p netip.Prefix) {
	for !r.has(p) {
		time.Sleep(pollEvery)
	}
}

// pollEvery is rare enough not to slow down what is measured: the kernel
// answers one request about its tables at a time.
const pollEvery = 500 * time.Microsecond

func (r *benchService) has(p netip.Prefix) bool {
	bans, err := r.read.Query([]nft.Key{{Prefix: p}})
	if err != nil {
		r.b.Fatal(err)
	}
	return len(bans) == 1
}

// pauseBetween keeps bans apart, as they are in life; BenchmarkBurst2000 has
// them all at once.
const pauseBetween = 30 * time.Millisecond

// generation is the kernel's count of transactions.
func (r *benchService) generation() uint32 {
	gen, err := r.read.Generation()
	if err != nil {
		r.b.Fatal(err)
	}
	return gen
}

// BenchmarkLineToBan measures the time from writing an offending line until
// the kernel has committed the ban, which its transaction count shows. The
// time of asking for that, some 10 µs, is in it; the pause between two bans,
// in which the history of the last one is written, is not.
func BenchmarkLineToBan(b *testing.B) {
	r := start(b, nil)
	defer r.stop()
	var took []time.Duration
	for b.Loop() {
		time.Sleep(pauseBetween)
		p, before := address(len(took)), r.generation()
		begin := time.Now()
		if _, err := r.log.WriteString(failedLogin(p)); err != nil {
			b.Fatal(err)
		}
		for r.generation() == before {
		}
		took = append(took, time.Since(begin))
		if !r.has(p) {
			b.Fatalf("the kernel's tables changed, but not for %s", p)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkBurst2000 measures how long 2,000 addresses that earn a ban with
// one write take until the last is enforced.
func BenchmarkBurst2000(b *testing.B) {
	r := start(b, nil)
	defer r.stop()
	n := 0
	for b.Loop() {
		var text strings.Builder
		for range 2000 {
			text.WriteString(failedLogin(address(n)))
			n++
		}
		if _, err := r.log.WriteString(text.String()); err != nil {
			b.Fatal(err)
		}
		r.await(address(n - 1))
	}
}

// BenchmarkRestore measures a start with a history of many running bans and
// no table in the kernel, as after a reboot, until the service is ready, and
// what it had cost by then. On a machine with other work the seconds of the
// processor say more than those of the clock.
func BenchmarkRestore(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				r := start(b, func(cfg *config.Config) {
					remember(b, cfg.StateDir, n)
					b.StartTimer()
				})
				b.StopTimer()
				r.reportCost()
				r.await(address(n - 1))
				r.stop()
				b.StartTimer()
			}
		})
	}
}

// reportCost reports the seconds that the service kept a processor busy, by
// itself and in the kernel, see proc_pid_stat(5), and its resident memory in MB: the most it ever
// had, and how much of what it has now is its own (anon) and how much it shares
// with the page cache (file), see proc_pid_status(5).
func (r *benchService) reportCost() {
	r.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.pid))
	if err != nil {
		r.b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		unit, ok := map[string]string{"VmHWM:": "peak-MB", "VmRSS:": "resident-MB", "RssAnon:": "anon-MB", "RssFile:": "file-MB"}[strings.Fields(line)[0]]
		if !ok {
			continue
		}
		kB, err := strconv.ParseFloat(strings.Fields(line)[1], 64)
		if err != nil {
			r.b.Fatal(err)
		}
		r.b.ReportMetric(kB/1024, unit)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.pid))
	if err != nil {
		r.b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from the third on
	for i, unit := range []string{"user-s", "sys-s"} {
		ticks, err := strconv.ParseFloat(fields[11+i], 64)
		if err != nil {
			r.b.Fatal(err)
		}
		const perSecond = 100 // USER_HZ
		r.b.ReportMetric(ticks/perSecond, unit)
	}
}

func remember(b *testing.B, dir string, n int) {
	b.Helper()
	st, _, _, err := store.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	records := make([]store.Record, 0, n)
	for i := range n {
		records = append(records, store.Record{
			Prefix: address(i), Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 1,
			At: now, Until: now.Add(time.Hour), Reason: "5 failed logins in 1m0s",
		})
	}
	if err := st.Put(records); err != nil {
		b.Fatal(err)
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
}
