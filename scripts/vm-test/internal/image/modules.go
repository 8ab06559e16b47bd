package image

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ulikunitz/xz"
)

// bootModules puts the modules that are needed to mount the root into dir,
// unpacked, because busybox cannot, and named in the order they are loaded in.
func bootModules(ctx context.Context, root, version, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, module := range []string{"virtio_pci", "virtio_blk", "ext4"} {
		out, err := run(ctx, nil, "modprobe", "-d", root, "-S", version, "--show-depends", module)
		if err != nil {
			return err
		}
		for line := range strings.Lines(out) {
			// The others are "builtin".
			f := strings.Fields(line)
			if len(f) < 2 || f[0] != "insmod" || seen[f[1]] {
				continue
			}
			seen[f[1]] = true
			name, _, _ := strings.Cut(filepath.Base(f[1]), ".")
			if err = unpackModule(f[1], fmt.Sprintf("%s/%02d-%s.ko", dir, len(seen), name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func unpackModule(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	var r io.Reader = in
	switch filepath.Ext(from) {
	case ".ko":
	case ".xz":
		if r, err = xz.NewReader(in); err != nil {
			return fmt.Errorf("unpack %s: %w", from, err)
		}
	default:
		return fmt.Errorf("unpack %s: not a known compression", from)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", from, err)
	}
	return os.WriteFile(to, b, 0o644)
}

// makeExt4 makes an image of a folder, with free bytes to spare.
func makeExt4(ctx context.Context, dir, file, label string, free int64) error {
	size := free
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += (info.Size() + 4095) &^ 4095
			size += 256 // an inode
		}
		return err
	})
	if err != nil {
		return err
	}
	// The file is sparse: free space costs nothing.
	_, err = run(ctx, nil, "mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", label,
		"-E", "lazy_itable_init=1,root_owner=0:0", "-d", dir, file, strconv.FormatInt(size*11/10/1024, 10)+"k")
	return err
}
