package gotest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/vm"
)

// The places in the guest: the module's folders as they are here, so that a test
// finds what lies beside it, and the program.
const (
	guestModule  = "/root/smtpbl"
	guestProgram = "/root/smtpbl/bin/smtpbl"
)

// ErrKernel is wrapped by the error of Run where the tests passed and the kernel
// complained.
var ErrKernel = errors.New("the kernel complained")

// Test is what to run.
type Test struct {
	Binary
	// Module is the module's folder here.
	Module string
	// Args are those of the compiled test, such as "-test.v".
	Args []string
	// Program is the compiled smtpbl, where the tests run it; or empty.
	Program string
	// Deadline is that of a real machine.
	Deadline time.Duration
}

// Run runs the tests in m, as root and with every privilege that they can have,
// and returns their exit code. What they print goes to w as it comes.
func Run(ctx context.Context, m *vm.VM, t Test, w io.Writer) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, m.Slow(t.Deadline))
	defer cancel()
	dir := filepath.Join(guestModule, t.Dir)
	if err := t.copy(ctx, m); err != nil {
		return -1, err
	}
	env := []string{"SMTPBL_REQUIRE_NETNS=1", "SMTPBL_SLOW=" + strconv.Itoa(m.SlowFactor())}
	if t.Program != "" {
		env = append(env, "SMTPBL_BINARY="+guestProgram)
	}
	words := slices.Concat([]string{"dmesg --clear; cd", quote(dir), "&& exec env"}, env, []string{"./test.bin"})
	for _, a := range t.Args {
		words = append(words, quote(a))
	}
	code, err := m.Stream(ctx, strings.Join(words, " "), w)
	if err != nil {
		return code, err
	}
	return code, complaints(ctx, m)
}

// complaints looks for what the kernel says when something is wrong with it:
// tests can pass all the same.
func complaints(ctx context.Context, m *vm.VM) error {
	r, err := m.Run(ctx, "dmesg | grep -E -A 20 'WARNING:|BUG:|Oops'")
	if err == nil && r.Code == 0 {
		err = fmt.Errorf("%w:\n%s", ErrKernel, r.Output)
	}
	return err
}

// copy brings the tests into the guest, with the files of their package and the
// documentation, which some tests hold against the program.
func (t Test) copy(ctx context.Context, m *vm.VM) error {
	if _, err := m.Must(ctx, "rm -rf "+guestModule); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pack(&b, t.Module, t.Dir, "docs"); err != nil {
		return fmt.Errorf("pack the files of %s: %w", t.Dir, err)
	}
	const archive = "/root/package.tar"
	if err := m.Write(ctx, archive, &b, 0o644); err != nil {
		return err
	}
	if _, err := m.Must(ctx, fmt.Sprintf("mkdir -p %[1]s && tar -xf %[2]s -C %[1]s && rm %[2]s", guestModule, archive)); err != nil {
		return err
	}
	if err := m.Put(ctx, t.Path, filepath.Join(guestModule, t.Dir, "test.bin"), 0o755); err != nil {
		return err
	}
	if t.Program == "" {
		return nil
	}
	return m.Put(ctx, t.Program, guestProgram, 0o755)
}

// pack writes the regular files below folders of the module.
func pack(w io.Writer, module string, folders ...string) error {
	archive := tar.NewWriter(w)
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(module, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() && !d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			h, err := tar.FileInfoHeader(info, "")
			if err != nil {
				return err
			}
			h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
			if h.Name, err = filepath.Rel(module, path); err != nil {
				return err
			}
			if err = archive.WriteHeader(h); err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if err == nil {
				_, err = archive.Write(content)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

// quote makes one word of s for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
