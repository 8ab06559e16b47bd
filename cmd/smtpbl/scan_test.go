package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/ingest/loggen"
)

// BenchmarkScan is the command with all that it does but the start of a
// process: on a quiet day's log and on one of a heavy attack.
func BenchmarkScan(b *testing.B) {
	const lines = 200_000
	for _, share := range []float64{0.02, 1. / 3} {
		b.Run(fmt.Sprintf("%.0f%%", 100*share), func(b *testing.B) {
			dir := b.TempDir()
			log, config := filepath.Join(dir, "mail.log"), filepath.Join(dir, "smtpbl.toml")
			var text, diag bytes.Buffer
			if err := loggen.Write(&text, loggen.Standard(lines, share)); err != nil {
				b.Fatal(err)
			}
			for name, content := range map[string][]byte{log: text.Bytes(), config: nil} {
				if err := os.WriteFile(name, content, 0o600); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				var out bytes.Buffer
				if code := run(b.Context(), []string{"scan", "--config", config, log}, env{stdout: &out, stderr: &diag}); code != exitDone {
					b.Fatal(code, diag.String())
				}
				if want := fmt.Sprintf("in %d lines\n", lines); !strings.HasSuffix(out.String(), want) {
					b.Fatalf("output does not end in %q", want)
				}
			}
			b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
