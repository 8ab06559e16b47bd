package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Options describe a machine.
type Options struct {
	// Name is the machine's name in messages and, without blanks and colons, in
	// Artefacts; such as "bookworm:6.1 nft".
	Name string
	// Kernel, Initrd and Modules are files: what QEMU boots, and the image of
	// /lib/modules that the initrd mounts.
	Kernel, Initrd, Modules string
	// Disk is the image of the root file system. It is only read; what the
	// guest writes goes to an overlay that Close removes.
	Disk string
	// Accel says how the processor is had; see Probe.
	Accel Accel
	// MemoryMB is the guest's memory; 0 means 768.
	MemoryMB int
	// Artefacts is where machines have their folders for what tells of a failure.
	Artefacts string
}

// VM is a machine. Its methods may be called by several goroutines, but those
// that change whether it runs only by one at a time.
type VM struct {
	o    Options
	dir  string // overlay, sockets and console
	proc *process
	conn *conn
	cpu  time.Duration // of the processes that have ended
	boot time.Duration
}

// New makes a machine with an overlay of its own; Start turns it on, and Close
// must be called whatever happens.
func New(o Options) (*VM, error) {
	if o.MemoryMB == 0 {
		o.MemoryMB = 768
	}
	dir, err := os.MkdirTemp("", "vm-") // short, because a socket's path has to be
	if err != nil {
		return nil, fmt.Errorf("make a folder for the machine: %w", err)
	}
	m := &VM{o: o, dir: dir}
	out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-b", o.Disk, "-F", "raw", m.path("root.qcow2")).CombinedOutput()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make an overlay of %s: %w\n%s", o.Disk, err, out), m.Close())
	}
	return m, nil
}

// Name returns the machine's name.
func (m *VM) Name() string { return m.o.Name }

// Boot returns how long the last Start took until the agent answered.
func (m *VM) Boot() time.Duration { return m.boot }

func (m *VM) path(name string) string { return filepath.Join(m.dir, name) }

// Start turns the machine on and waits until its agent answers. Services may
// still be starting then: see Settled.
func (m *VM) Start(ctx context.Context) error {
	if m.proc != nil {
		return errors.New("the machine is running")
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, m.Slow(30*time.Second))
	defer cancel()
	if err := m.launch(ctx); err != nil {
		m.stop()
		return fmt.Errorf("start %s: %w\n%s", m.o.Name, err, m.consoleTail())
	}
	m.boot = time.Since(began)
	return nil
}

func (m *VM) launch(ctx context.Context) error {
	proc, err := startProcess(m.command())
	if err != nil {
		return err
	}
	m.proc = proc
	if m.conn, err = dialAgent(ctx, m.path("ctl"), proc.ended); err != nil {
		return err
	}
	return m.conn.ping(ctx)
}

// stop ends the process, if there is one, and counts what it used.
func (m *VM) stop() {
	if m.proc != nil {
		m.proc.kill()
		m.cpu += m.proc.cpu()
		m.proc = nil
	}
	if m.conn != nil {
		m.conn.close()
		m.conn = nil
	}
}

// CPU returns the processor time that the machine has used so far.
func (m *VM) CPU() time.Duration {
	if m.proc != nil {
		return m.cpu + m.proc.cpu()
	}
	return m.cpu
}

// Close turns the machine off as PowerCut does and removes its files.
func (m *VM) Close() error {
	m.stop()
	return os.RemoveAll(m.dir)
}

// Off tells whether the machine does not run: it was turned off, or it died.
func (m *VM) Off() bool {
	if m.proc == nil {
		return true
	}
	select {
	case <-m.proc.ended:
		return true
	default:
		return false
	}
}
