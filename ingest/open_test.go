package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

func TestOpen(t *testing.T) {
	_, text := numbered(0, 3000)
	packers := map[string]func(io.Writer) (io.WriteCloser, error){
		"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
		"xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
	}
	for name, pack := range packers {
		t.Run(name, func(t *testing.T) {
			var packed bytes.Buffer
			w, err := pack(&packed)
			must(t, err)
			_, err = io.WriteString(w, text)
			must(t, err)
			must(t, w.Close())
			// The name is wrong on purpose.
			path := filepath.Join(t.TempDir(), "mail.log.txt")
			must(t, os.WriteFile(path, packed.Bytes(), 0o600))
			rc, err := Open(path)
			must(t, err)
			got, err := io.ReadAll(rc)
			must(t, err)
			if n := Offset(rc); n != int64(packed.Len()) {
				t.Errorf("read %d packed bytes, want %d", n, packed.Len())
			}
			must(t, rc.Close())
			if string(got) != text {
				t.Fatalf("read %d bytes, want %d", len(got), len(text))
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	for path, want := range map[string]string{dir: "a directory", fifo: "a named pipe", os.DevNull: "a device"} {
		_, err := Open(path)
		var refused *NotRegularError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
