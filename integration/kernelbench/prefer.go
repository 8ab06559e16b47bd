package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// prefer gives the namespace's thread one processor, ahead of all other
// programs where that is allowed, and tells which. Packets that the thread sends
// are then not held up by what else the machine does.
func (ns *namespace) prefer() (how string, err error) {
	err = ns.do(func() error {
		core, err := pin()
		how = fmt.Sprintf("packets sent by processor %d, ahead of other programs", core)
		if !overtake() {
			how = fmt.Sprintf("packets sent by processor %d, beside other programs", core)
		}
		return err
	})
	return how, err
}

// overtake puts the calling thread ahead of all other programs and tells whether
// that is allowed. The kernel keeps a twentieth of the time for others
// (sched(7)).
func overtake() bool {
	return unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1,
		Flags: unix.SCHED_FLAG_RESET_ON_FORK, // no other thread inherits it
	}, 0) == nil
}

// pin keeps the calling thread on the last of its processors, because
// interrupts tend to go to the first.
func pin() (core int, err error) {
	var usable, last unix.CPUSet
	if err := unix.SchedGetaffinity(0, &usable); err != nil {
		return 0, fmt.Errorf("ask which processors may be used: %w", err)
	}
	for core = 64*len(usable) - 1; core > 0 && !usable.IsSet(core); core-- {
	}
	last.Set(core)
	if err := unix.SchedSetaffinity(0, &last); err != nil {
		return 0, fmt.Errorf("pin to processor %d: %w", core, err)
	}
	return core, nil
}
