package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a QEMU that runs or has ended.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
	err    error // set before ended is closed
}

// startProcess starts a child that dies with this program. The kernel sends that
// signal when the thread ends that started the child, so one thread does nothing
// but wait for it.
func startProcess(argv []string) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), ended: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	// A group of its own, so that Ctrl-C reaches this program only, which then
	// ends the machine in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			if err = p.cmd.Wait(); err != nil {
				p.err = fmt.Errorf("%s: %w\n%s", argv[0], err, p.stderr.Bytes())
			}
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	return p, nil
}

// kill ends the process at once, as a power cut does, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.ended
}

// cpu returns the processor time that the process has used.
func (p *process) cpu() time.Duration {
	select {
	case <-p.ended:
		s := p.cmd.ProcessState
		return s.UserTime() + s.SystemTime()
	default:
	}
	// proc_pid_stat(5): fields 14 and 15, in ticks of 1/100 s; the name in
	// brackets may have blanks.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] {
		n, _ := strconv.Atoi(f) // the kernel writes numbers
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}
