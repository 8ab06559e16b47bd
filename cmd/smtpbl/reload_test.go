package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// TestAFileSpoiltDuringAReloadIsNotTheEnd begins a life after a reload with a file
// that has faults meanwhile, and one without a reload before.
func TestAFileSpoiltDuringAReloadIsNotTheEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(file, []byte("[policy]\nthreshold4 = nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	begin := func() (config.Config, error, error) {
		a := &app{env: env{stdout: io.Discard, stderr: io.Discard}}
		root := a.rootCommand()
		cmd, _, err := root.Find([]string{"run"})
		if err != nil {
			t.Fatal(err)
		}
		a.configPath = file
		return a.reloadConfig(cmd)
	}
	if _, _, err := begin(); err == nil {
		t.Error("a file with faults is taken at the first start")
	}
	checked := config.Default()
	checked.Policy.Threshold4 = 17
	t.Setenv(configEnv, "") // is put back in the end
	if err := keepChecked(&checked); err != nil {
		t.Fatal(err)
	}
	cfg, spoilt, err := begin()
	if err != nil || spoilt == nil || cfg.Policy.Threshold4 != 17 {
		t.Errorf("threshold4 = %d, spoilt: %v, error: %v; want what was checked before, and the faults", cfg.Policy.Threshold4, spoilt, err)
	}
	if _, _, err := begin(); err == nil {
		t.Error("what was checked is used for more than one life")
	}
}
