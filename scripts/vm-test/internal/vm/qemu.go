package vm

import "strconv"

// command returns the command line of QEMU.
func (m *VM) command() []string {
	cpu := "max"
	if m.o.Accel.KVM {
		cpu = "host"
	}
	return []string{
		"qemu-system-x86_64",
		"-accel", m.o.Accel.qemu(), "-cpu", cpu, "-machine", "q35",
		"-m", strconv.Itoa(m.o.MemoryMB), "-smp", "1",
		"-nodefaults", "-no-user-config", "-display", "none",
		"-nic", "none",
		// A reboot ends QEMU, and the driver starts it again.
		"-no-reboot",
		"-rtc", "base=utc,clock=host",
		"-kernel", m.o.Kernel, "-initrd", m.o.Initrd,
		"-append", "console=ttyS0 panic=-1 oops=panic net.ifnames=0 mitigations=off random.trust_cpu=on quiet",
		"-chardev", "file,id=con,path=" + m.path("console") + ",append=on", "-serial", "chardev:con",
		// unsafe spares the host's fsync: what the guest has synced is in the
		// host's memory then, which outlives QEMU.
		"-drive", "if=none,id=root,file=" + m.path("root.qcow2") + ",format=qcow2,cache=unsafe,discard=unmap",
		"-device", "virtio-blk-pci,drive=root,serial=root",
		"-drive", "if=none,id=mods,file=" + m.o.Modules + ",format=raw,readonly=on",
		"-device", "virtio-blk-pci,drive=mods,serial=mods",
		"-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=ctl,path=" + m.path("ctl") + ",server=on,wait=off",
		"-device", "virtserialport,chardev=ctl,name=ctl",
		"-chardev", "socket,id=tty,path=" + m.path("tty") + ",server=on,wait=off",
		"-device", "virtconsole,chardev=tty",
	}
}
