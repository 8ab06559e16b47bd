package listing

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/integration/internal/peers"
)

// version is the nft that wrote the expected listings, that of Debian 12. Others
// write some rules in another way.
const version = "1.0.6"

// packages are nft and the libraries that a small Debian lacks.
var packages = []string{
	"nftables", "libnftables1", "libnftnl11", "libmnl0", "libjansson4", "libxtables12",
	"libedit2", "libbsd0", "libmd0", "libtinfo6", "libgmp10",
}

// nft is the administrator's command.
type nft struct {
	path string
	env  []string
}

// command returns the machine's nft if it is of the right version, and otherwise
// one from Debian's packages, which are unpacked into a cache and not installed.
func command(t *testing.T) nft {
	t.Helper()
	if path, err := exec.LookPath("nft"); err == nil {
		if installed := (nft{path: path}); installed.right(t) {
			return installed
		}
	}
	root := filepath.Join(cache(t), "nftables")
	if _, err := os.Stat(root); err != nil {
		unpack(t, root)
	}
	libraries, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-*"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, "lib/*-linux-*"))
	if err != nil {
		t.Fatal(err)
	}
	fetched := nft{
		path: filepath.Join(root, "usr/sbin/nft"),
		env:  []string{"LD_LIBRARY_PATH=" + strings.Join(append(libraries, more...), ":")},
	}
	if !fetched.right(t) {
		refuse(t, "the packages of this machine's distribution do not have nft "+version)
	}
	return fetched
}

// unpack fetches the packages into a directory that appears when it is complete.
func unpack(t *testing.T, root string) {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(root), "unpack-") //nolint:usetesting // beside root, so that it can be renamed
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := peers.Fetch(t.Context(), dir, packages...); err != nil {
		refuse(t, "no nft: "+err.Error())
	}
	// Another run may have been faster; its packages are as good.
	if err := os.Rename(dir, root); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

// cache is the directory that the laboratory keeps packages in.
func cache(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SMTPBL_LAB_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return t.TempDir()
		}
		dir = filepath.Join(user, "smtpbl-lab")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return t.TempDir()
	}
	return dir
}

// right tells whether the command runs and is of the right version.
func (n nft) right(t *testing.T) bool {
	t.Helper()
	out, err := n.run(t.Context(), "--version")
	return err == nil && strings.Contains(string(out), "v"+version+" ")
}

func (n nft) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, n.path, args...)
	cmd.Env = append(os.Environ(), n.env...)
	return cmd.CombinedOutput()
}

// refuse skips the test, or fails it where skips are not allowed.
func refuse(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}
