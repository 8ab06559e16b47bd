package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// keyring verifies every suite of Debian.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// ErrUnreachable is wrapped by the error for a suite or a kernel that the
// archive does not have, or not any more.
var ErrUnreachable = errors.New("not to be had from the archive")

// archive returns the address above Debian's folders debian and
// debian-security: $DEBIAN_ARCHIVE, or where the machine's own packages come
// from.
func archive(ctx context.Context) (string, error) {
	if base := os.Getenv("DEBIAN_ARCHIVE"); base != "" {
		return strings.TrimSuffix(base, "/"), nil
	}
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI)").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt for the machine's archive: %w", err)
	}
	for uri := range strings.Lines(string(out)) {
		if base, found := strings.CutSuffix(strings.TrimRight(uri, "/\n"), "/debian"); found {
			return base, nil
		}
	}
	return "", errors.New("set DEBIAN_ARCHIVE to the address above Debian's folders debian and debian-security")
}

// source returns the line of sources.list(5) of a suite.
func source(base, suite string) string {
	folder := "debian"
	if strings.HasSuffix(suite, "-security") {
		folder = "debian-security"
	}
	return fmt.Sprintf("deb [signed-by=%s] %s/%s %s main", keyring, base, folder, suite)
}

// apt is apt with lists and settings of its own, so that the machine's stay as
// they are.
type apt struct{ env []string }

// aptConf has the folder for each %s. Lists of a suite that is no longer
// maintained are past their date.
const aptConf = `Dir::Etc "%[1]s/etc";
Dir::State "%[1]s";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
`

// newApt makes it in dir, with the lists of the suites.
func newApt(ctx context.Context, dir string, suites ...string) (*apt, error) {
	base, err := archive(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d", "lists/partial", "archives/partial"} {
		if err = os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	var sources strings.Builder
	for _, s := range suites {
		fmt.Fprintln(&sources, source(base, s))
	}
	for name, text := range map[string]string{
		"status": "", "etc/sources.list": sources.String(), "apt.conf": fmt.Sprintf(aptConf, dir),
	} {
		if err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	a := &apt{env: []string{"APT_CONFIG=" + filepath.Join(dir, "apt.conf"), "LC_ALL=C"}}
	if _, err = run(ctx, a.env, "apt-get", "-qq", "update", "--error-on=any"); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnreachable, strings.Join(suites, ", "), err)
	}
	return a, nil
}

// names returns the packages whose names begin with prefix.
func (a *apt) names(ctx context.Context, prefix string) ([]string, error) {
	out, err := run(ctx, a.env, "apt-cache", "pkgnames", prefix)
	return strings.Fields(out), err
}

// unpack fetches packages and unpacks them into dir.
func (a *apt) unpack(ctx context.Context, dir string, packages ...string) error {
	debs := dir + ".debs"
	if err := os.MkdirAll(debs, 0o755); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(debs) }()
	script := `cd "$1" && shift && apt-get -qq download "$@"`
	if _, err := run(ctx, a.env, "sh", append([]string{"-c", script, "sh", debs}, packages...)...); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	for _, f := range files {
		if err == nil {
			_, err = run(ctx, nil, "dpkg-deb", "-x", f, dir)
		}
	}
	return err
}
