package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"sync"
)

// machineID is a random name that every machine gives itself at its first boot
// (machine-id(5)). Clients of a mail server never see it.
const machineID = "/etc/machine-id"

// tableSecret is the secret of the Engine's tables: one that attackers cannot
// know, and that is the same for run and scan on one machine, so that they
// decide alike. A machine without a name draws one for each process.
var tableSecret = sync.OnceValue(func() uint64 { return secretOf(machineID) })

func secretOf(file string) uint64 {
	id, err := os.ReadFile(file)
	if id = bytes.TrimSpace(id); err != nil || len(id) == 0 {
		return rand.Uint64()
	}
	// The name itself must not get into files that others may read.
	sum := sha256.Sum256(append([]byte("smtpbl tables "), id...))
	return binary.LittleEndian.Uint64(sum[:])
}
