package image

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed guest
var guest embed.FS

// BuildAgent builds the agent into file. It is not part of an image, so that
// none has to be made anew for it.
func BuildAgent(ctx context.Context, file string) error {
	_, err := run(ctx, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64"}, "go", "build", "-buildvcs=false", "-trimpath",
		"-ldflags", "-s -w", "-o", file, "github.com/smtpbl/smtpbl/scripts/vm-test/agent")
	return err
}

// Initrd writes the initrd of a kernel into file: it mounts the root and starts
// systemd there, and the agent with it.
func (k Kernel) Initrd(agent, file string) error {
	return writeInitrd(file, "init", func(w *cpioWriter) error {
		modules, err := filepath.Glob(filepath.Join(k.dir, "boot", "*.ko"))
		if err != nil {
			return err
		}
		w.dirs("root", "boot", "run/vm-test", "run/systemd/system/multi-user.target.wants")
		for _, m := range modules {
			w.copy("boot/"+filepath.Base(m), m, 0o644)
		}
		w.copy("run/vm-test/agent", agent, 0o755)
		for _, unit := range []string{"vm-agent.service", "vm-shell.service"} {
			text, err := guest.ReadFile("guest/" + unit)
			if err != nil {
				return err
			}
			w.file("run/systemd/system/"+unit, text, 0o644)
			w.link("run/systemd/system/multi-user.target.wants/"+unit, "../"+unit)
		}
		return nil
	})
}

// Probe writes an initrd for vm.Probe.
func Probe(file string) error {
	return writeInitrd(file, "probe", func(*cpioWriter) error { return nil })
}

func writeInitrd(file, init string, more func(*cpioWriter) error) error {
	text, err := guest.ReadFile("guest/" + init)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	w := &cpioWriter{w: f}
	w.dirs("bin", "dev", "proc", "sys")
	w.console()
	w.copy("bin/busybox", busybox, 0o755)
	w.file("init", text, 0o755)
	if err = more(w); err != nil {
		return err
	}
	if err = w.close(); err != nil {
		return fmt.Errorf("write an initrd: %w", err)
	}
	return f.Close()
}

// cpioWriter writes an archive in the "newc" format, which the kernel unpacks:
// Documentation/driver-api/early-userspace/buffer-format.rst. The first error
// is kept for close.
type cpioWriter struct {
	w     io.Writer
	inode int
	made  map[string]bool
	err   error
}

// The types of stat(2).
const (
	typeDir  = 0o040000
	typeFile = 0o100000
	typeLink = 0o120000
	typeChar = 0o020000
)

func (w *cpioWriter) entry(name string, mode uint32, body []byte, major, minor int) {
	if w.err != nil {
		return
	}
	w.inode++
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		w.inode, mode, 0, 0, 1, 0, len(body), 0, 0, major, minor, len(name)+1, 0, name)
	for _, part := range [][]byte{[]byte(header), body} {
		padding := (4 - len(part)%4) % 4
		if _, err := w.w.Write(append(part, make([]byte, padding)...)); err != nil {
			w.err = err
			return
		}
	}
}

// dirs makes folders, with those above them.
func (w *cpioWriter) dirs(names ...string) {
	if w.made == nil {
		w.made = map[string]bool{".": true}
	}
	for _, name := range names {
		if w.made[name] {
			continue
		}
		w.dirs(filepath.Dir(name))
		w.made[name] = true
		w.entry(name, typeDir|0o755, nil, 0, 0)
	}
}

func (w *cpioWriter) file(name string, body []byte, mode fs.FileMode) {
	w.entry(name, typeFile|uint32(mode), body, 0, 0)
}

func (w *cpioWriter) link(name, to string) { w.entry(name, typeLink|0o777, []byte(to), 0, 0) }

func (w *cpioWriter) console() { w.entry("dev/console", typeChar|0o600, nil, 5, 1) }

func (w *cpioWriter) copy(name, from string, mode fs.FileMode) {
	body, err := os.ReadFile(from)
	if err != nil {
		w.err = err
		return
	}
	w.file(name, body, mode)
}

func (w *cpioWriter) close() error {
	w.entry("TRAILER!!!", 0, nil, 0, 0)
	return w.err
}
