package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/integration/internal/machine"
)

// weighed is the memory of the service that has read a log.
type weighed struct {
	Addresses int      `json:"addresses"`
	Each      int      `json:"failures_of_each"`
	Tracked   int      `json:"tracked_addresses"`
	Resident  resident `json:"process"`
}

// memory runs the service with --dry-run, which touches no firewall and needs
// no root, on logs of different sizes, and asks the kernel for its memory.
func memory(w io.Writer, o options) error {
	dir, err := os.MkdirTemp("", "smtpbl-simulate-")
	if err != nil {
		return fmt.Errorf("make a directory for the service: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "smtpbl")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/smtpbl/smtpbl/cmd/smtpbl")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build smtpbl: %w: %s", err, out)
	}
	all := []*weighed{{}, {Addresses: 1_000_000, Each: 1}, {Addresses: 1_000_000, Each: 4}}
	for i, m := range all {
		if err := m.weigh(program, filepath.Join(dir, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	if o.json {
		return writeJSON(w, all)
	}
	fmt.Fprintf(w, "%s\n\nsmtpbl run --dry-run, after reading a log\n\n", machine.Describe())
	for _, m := range all {
		fmt.Fprintf(w, "  %7d addresses, %d failures of each: %7d tracked, resident %s MB, at most %s MB, without mapped files %s MB\n", m.Addresses, m.Each, m.Tracked,
			megabytes(m.Resident.Now), megabytes(m.Resident.Most), megabytes(m.Resident.Anonymous))
	}
	return nil
}

// weigh runs the service below dir, until it has read its log and rested.
func (m *weighed) weigh(program, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make a directory for a run: %w", err)
	}
	log := filepath.Join(dir, "mail.log")
	if err := m.writeLog(log); err != nil {
		return fmt.Errorf("write a log: %w", err)
	}
	listen, err := freePort()
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "smtpbl.toml")
	text := fmt.Sprintf("state_dir = %q\nruntime_dir = %q\n[ingest]\nfiles = [%q]\njournal = \"off\"\n[metrics]\nlisten = %q\n",
		filepath.Join(dir, "state"), filepath.Join(dir, "run"), log, listen)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	said := &strings.Builder{}
	service := exec.Command(program, "run", "--dry-run", "--config", config)
	service.Stderr = said
	if err := service.Start(); err != nil {
		return fmt.Errorf("start smtpbl: %w", err)
	}
	err = m.watch("http://"+listen+"/metrics", strconv.Itoa(service.Process.Pid))
	_ = service.Process.Signal(syscall.SIGTERM)
	_ = service.Wait()
	if err != nil {
		return fmt.Errorf("%w; the service said: %s", err, last(said.String(), 500))
	}
	return nil
}

func last(s string, n int) string { return s[max(len(s)-n, 0):] }

// writeLog writes the failures, those of one address one after the other: each
// address in a /24 of its own, at an account of its own.
func (m *weighed) writeLog(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	from, span := time.Now().Add(-20*time.Hour), 19*time.Hour
	for i := range m.Addresses {
		at := from.Add(time.Duration(float64(span) * float64(i) / float64(m.Addresses))).Format(time.RFC3339)
		for range m.Each {
			fmt.Fprintf(out, "%s mx1 postfix/smtpd[%d]: warning: unknown[%v]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=u%x@example.org\n",
				at, 1000+i%30000, addr4(1<<24+uint32(i)<<8+1), mix(uint64(i)))
		}
	}
	if err := out.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// watch waits until the service has read its log, and some time more.
func (m *weighed) watch(url, pid string) error {
	const limit, pause, rest = 5 * time.Minute, 200 * time.Millisecond, 10 * time.Second
	const lines, tracked = "smtpbl_source_lines_total", "smtpbl_tracked_addresses"
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		if figures, err := scrape(url); err == nil && figures[lines] >= float64(m.Addresses*m.Each) {
			break
		} else if time.Now().After(deadline) {
			return fmt.Errorf("wait until smtpbl has read %d lines: not within %v: %v, last error: %w", m.Addresses*m.Each, limit, figures, err)
		}
	}
	time.Sleep(rest)
	figures, err := scrape(url)
	if err != nil {
		return err
	}
	m.Tracked = int(figures[tracked])
	m.Resident, err = residentOf(pid)
	return err
}

// scrape returns the sum over all labels of each metric.
func scrape(url string) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the metrics: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the metrics: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	figures := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if strings.Contains(name, "{") {
			_, value, ok = strings.Cut(lines.Text(), "} ")
			name, _, _ = strings.Cut(name, "{")
		}
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil {
			figures[name] += n
		}
	}
	return figures, lines.Err()
}

// freePort is an address that nobody listens on now.
func freePort() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
