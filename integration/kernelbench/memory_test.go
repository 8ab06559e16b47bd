package main

import "testing"

func TestParseMeminfo(t *testing.T) {
	const info = `MemTotal:       24684884 kB
SReclaimable:     900000 kB
SUnreclaim:        30000 kB
VmallocUsed:        2000 kB
Percpu:              400 kB
HugePages_Total:       0
`
	if got := parseMeminfo(info); got != 32400*1024 {
		t.Errorf("got %d", got)
	}
	if got := kernelMemory(); got <= 0 {
		t.Errorf("this machine's kernel has %d bytes", got)
	}
}
