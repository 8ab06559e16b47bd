package vm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"
)

// Accel is how the guest's processor is had.
type Accel struct {
	// KVM is whether the host's processor runs the guest; otherwise QEMU
	// emulates one.
	KVM bool
	// Why says in a few words why it was chosen.
	Why string
}

func (a Accel) qemu() string {
	if a.KVM {
		return "kvm"
	}
	return "tcg,thread=multi"
}

// ProbeText is what the initrd of Probe must print on its console.
const ProbeText = "vm-test: the probe lives"

// Probe chooses KVM where it boots the kernel with an initrd that prints
// ProbeText and turns the machine off. That /dev/kvm can be opened proves
// nothing: there are hosts on which a guest is accepted and then hangs.
func Probe(ctx context.Context, kernel, initrd string) Accel {
	const device = "/dev/kvm"
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return Accel{Why: err.Error()}
	}
	_ = f.Close()
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	console, err := bootProbe(ctx, kernel, initrd)
	switch {
	case bytes.Contains(console, []byte(ProbeText)):
		return Accel{KVM: true, Why: "a kernel was booted with it"}
	case err != nil:
		line, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
		return Accel{Why: fmt.Sprintf("no kernel boots with %s: %s", device, line)}
	}
	return Accel{Why: "a kernel hangs with " + device}
}

func bootProbe(ctx context.Context, kernel, initrd string) ([]byte, error) {
	out, err := os.CreateTemp("", "vm-probe-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close(); _ = os.Remove(out.Name()) }()
	p, err := startProcess([]string{
		"qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-machine", "q35", "-m", "256",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none",
		"-serial", "file:" + out.Name(), "-kernel", kernel, "-initrd", initrd,
		"-append", "console=ttyS0 quiet panic=-1",
	})
	if err != nil {
		return nil, err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.kill()
		p.err = nil
	}
	console, err := os.ReadFile(out.Name())
	if p.err != nil {
		err = p.err
	}
	return console, err
}

func (a Accel) String() string {
	if a.KVM {
		return "KVM: " + a.Why
	}
	return "emulating the processor: " + a.Why
}
