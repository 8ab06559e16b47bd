package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheSecretIsTheMachines(t *testing.T) {
	named := func(text string) string {
		file := filepath.Join(t.TempDir(), "machine-id")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	one, other := "3d1219c7c4c5404aaa1f6d2a48adfda4\n", "3d1219c7c4c5404aaa1f6d2a48adfda5\n"
	first, again := secretOf(named(one)), secretOf(named(one))
	if first != again || first == secretOf(named(other)) {
		t.Error("each machine has one secret, and another than others")
	}
	first, again = secretOf(named("\n")), secretOf(named("\n"))
	if first == again {
		t.Error("machines without a name share a secret")
	}
}

// Tests decide alike on all machines.
func init() { tableSecret = func() uint64 { return 1 } }
