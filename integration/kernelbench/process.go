package main

import (
	"os/exec"
	"syscall"
	"time"
)

// measure runs a program in the namespace and tells what it took.
func (ns *namespace) measure(cmd *exec.Cmd) (cost, error) {
	began := time.Now()
	if err := ns.run(cmd); err != nil {
		return cost{}, err
	}
	c := cost{wall: time.Since(began)}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rssKiB = u.Maxrss
	}
	return c, nil
}
