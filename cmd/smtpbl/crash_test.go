package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/nstest"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

const (
	crashRounds = 30
	crashAddrs  = 300
	// crashTolerance is how far a ban's end may be from that of a scan, which
	// goes by the stamps: a line counts when it is read.
	crashTolerance = time.Minute
)

// crashRun is a service that is killed again and again over the same log, state
// and table.
type crashRun struct {
	t             *testing.T
	rng           *rand.Rand
	cfg           config.Config
	program, file string
	log           *os.File
	lines         []string // to be written, without their stamps
}

// TestKilledAtAnyMoment feeds the service failures and kills it at random
// moments: while it starts, reads, bans, and writes its last checkpoint. In some
// rounds the table is lost as well, as by a power cut. In the end exactly those
// are banned whom a scan of the whole log says, for the time they have left, and
// each for the first time.
func TestKilledAtAnyMoment(t *testing.T) {
	if os.Getenv(isolated) == "" {
		nstest.Lacks(t, "killing the service needs root, for a network namespace")
	}
	r := newCrashRun(t)
	each := len(r.lines)/crashRounds + 1
	for range crashRounds {
		r.round(r.take(each))
	}
	r.write(r.take(len(r.lines)))
	want := r.scan()
	if len(want) < crashAddrs/4 || len(want) > crashAddrs*3/4 {
		t.Fatalf("%d of %d addresses earned a ban: the log does not test both", len(want), crashAddrs)
	}
	p := r.start()
	p.await("msg=ready")
	r.awaitBans(want)
	p.end(syscall.SIGTERM)
	r.checkHistory(want)
}

func newCrashRun(t *testing.T) *crashRun {
	t.Helper()
	dir := t.TempDir()
	r := &crashRun{t: t, rng: rand.New(rand.NewPCG(20, 26)), cfg: config.Default()} //nolint:gosec // the same moments each time
	r.program, r.file = filepath.Join(dir, "smtpbl"), filepath.Join(dir, "c.toml")
	c := &r.cfg
	c.StateDir, c.RuntimeDir = filepath.Join(dir, "state"), filepath.Join(dir, "run")
	c.Ingest.Files, c.Ingest.Journal = []string{filepath.Join(dir, "mail.log")}, config.JournalOff
	c.NFT.Table = fmt.Sprintf("crash_%d", time.Now().UnixNano())
	c.Metrics.Listen = ""
	self, err := os.Executable()
	if err == nil {
		err = errors.Join(os.Symlink(self, r.program), os.WriteFile(r.file, c.TOML(), 0o600))
	}
	if err == nil {
		r.log, err = os.OpenFile(c.Ingest.Files[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	// Each is in a net of its own and tries users of its own: what one earns does
	// not depend on the order in which lines of one moment are read.
	for i := range crashAddrs {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 7})
		if i%5 == 0 {
			addr = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 8), byte(i), 15: 7})
		}
		for n := range 1 + r.rng.IntN(8) {
			r.lines = append(r.lines, fmt.Sprintf("mx1 postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: x, sasl_username=u%d-%d\n", 100+n, addr, i, n))
		}
	}
	r.rng.Shuffle(len(r.lines), func(i, j int) { r.lines[i], r.lines[j] = r.lines[j], r.lines[i] })
	return r
}

// take returns the next lines.
func (r *crashRun) take(n int) []string {
	n = min(n, len(r.lines))
	lines := r.lines[:n]
	r.lines = r.lines[n:]
	return lines
}

// write appends lines with the stamp of now, several at once.
func (r *crashRun) write(lines []string) {
	r.t.Helper()
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(time.Now().Format("2006-01-02T15:04:05.000000-07:00") + " " + l)
	}
	if _, err := r.log.WriteString(b.String()); err != nil {
		r.t.Fatal(err)
	}
}

// round lets the service read lines that are written meanwhile, and kills it.
func (r *crashRun) round(lines []string) {
	r.t.Helper()
	p := r.start()
	switch r.rng.IntN(5) {
	case 0: // somewhere in its start
		r.write(lines)
		p.endAfter(time.Duration(r.rng.IntN(40)) * time.Millisecond)
	case 1: // while it reads and bans
		p.await("msg=ready")
		half := r.rng.IntN(len(lines) + 1)
		r.write(lines[:half])
		r.write(lines[half:])
		p.endAfter(time.Duration(r.rng.IntN(60)) * time.Millisecond)
	case 2: // in the last checkpoint, or just before or after it
		p.await("msg=ready")
		r.write(lines)
		p.signal(syscall.SIGTERM)
		p.endAfter(time.Duration(r.rng.IntN(30_000)) * time.Microsecond)
	case 3: // not at all, so that the next one is killed behind a checkpoint
		p.await("msg=ready")
		r.write(lines)
		p.end(syscall.SIGTERM)
	default: // at once
		p.await("msg=ready")
		r.write(lines)
		p.end(syscall.SIGKILL)
	}
	if r.rng.IntN(4) == 0 { // the power is cut
		r.loseTable()
	}
}

func (r *crashRun) loseTable() {
	r.t.Helper()
	table, err := nft.Open(tableConfig(r.cfg.NFT))
	if err == nil {
		err = errors.Join(table.Delete(), table.Close())
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// crashing is the service as a process.
type crashing struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // what it logs, closed with its end
	seen  bytes.Buffer
}

func (r *crashRun) start() *crashing {
	r.t.Helper()
	p := &crashing{t: r.t, cmd: exec.Command(r.program, "--config", r.file, "run"), lines: make(chan string, 1<<16)}
	out, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			p.lines <- in.Text()
		}
	}()
	r.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// await reads the log up to a line with a text.
func (p *crashing) await(text string) {
	p.t.Helper()
	for line := range p.lines {
		fmt.Fprintln(&p.seen, line)
		if strings.Contains(line, text) {
			return
		}
	}
	p.t.Fatalf("the service ended without %q:\n%s", text, p.seen.String())
}

func (p *crashing) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// end ends the service and waits for that.
func (p *crashing) end(s os.Signal) {
	p.t.Helper()
	p.signal(s)
	for line := range p.lines {
		fmt.Fprintln(&p.seen, line)
	}
	err := p.cmd.Wait()
	if s == syscall.SIGTERM && err != nil {
		p.t.Fatalf("%v:\n%s", err, p.seen.String())
	}
	if text := p.seen.String(); strings.Contains(text, "panic") || strings.Contains(text, "damaged") {
		p.t.Errorf("the service says:\n%s", text)
	}
}

// endAfter kills the service after a moment, whatever it does then.
func (p *crashing) endAfter(d time.Duration) {
	p.t.Helper()
	<-time.After(d)
	p.end(syscall.SIGKILL)
}

// scan returns when the bans end that the whole log earns.
func (r *crashRun) scan() map[string]time.Time {
	r.t.Helper()
	var out, diag bytes.Buffer
	code := run(context.Background(), []string{"--config", r.file, "scan", "--json", r.cfg.Ingest.Files[0]}, env{stdin: strings.NewReader(""), stdout: &out, stderr: &diag})
	var report scanReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || code != exitDone {
		r.t.Fatalf("scan: exit %d, %v\n%s", code, err, diag.String())
	}
	ends := map[string]time.Time{}
	for _, b := range report.Bans {
		ends[b.Addr] = b.Until
	}
	return ends
}

// awaitBans waits until the kernel bans as many as wanted, and wants them to be
// those, with their ends.
func (r *crashRun) awaitBans(want map[string]time.Time) {
	r.t.Helper()
	read, err := nft.OpenReadOnly(tableConfig(r.cfg.NFT))
	if err != nil {
		r.t.Fatal(err)
	}
	defer read.Close()
	var bans []nft.Ban
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && len(bans) < len(want); {
		if bans, err = read.Bans(); err != nil {
			r.t.Fatal(err)
		}
	}
	got := map[string]time.Time{}
	for i := range bans {
		addr, until := enforce.Addr(bans[i].Prefix), time.Now().Add(bans[i].Remaining)
		got[addr] = until
		if off := until.Sub(want[addr]).Abs(); off > crashTolerance && !want[addr].IsZero() {
			r.t.Errorf("the ban of %s ends %v away from %v", addr, off, want[addr])
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		r.t.Errorf("banned (-scan +kernel):\n%s", diff)
	}
}

// checkHistory wants each ban in the history, once and for the first time.
func (r *crashRun) checkHistory(want map[string]time.Time) {
	r.t.Helper()
	got := map[string]bool{}
	err := store.Read(r.cfg.StateDir, func(rec *store.Record) error {
		addr := enforce.Addr(rec.Prefix)
		got[addr] = true
		if off := rec.Until.Sub(want[addr]).Abs(); rec.Bans != 1 || off > crashTolerance {
			r.t.Errorf("history: ban %d of %s until %v, want the first until %v", rec.Bans, addr, rec.Until, want[addr])
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		r.t.Errorf("history (-scan +history):\n%s", diff)
	}
}
