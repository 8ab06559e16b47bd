package main

import (
	"fmt"
	"path/filepath"
	"strconv"
)

// nfpm makes packages of a description, without Debian's or RPM's own tools.
const nfpm = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0"

// rpmArch names processors as RPM does, where Go has other names.
var rpmArch = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// pack makes the package of a format and returns its path.
func (r *release) pack(format string) (string, error) {
	path, err := r.path(format)
	if err != nil {
		return "", err
	}
	_, err = output([]string{
		"VERSION=" + r.version, "ARCH=" + r.arch, "MAINTAINER=" + r.maintainer,
		"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.when.Unix(), 10),
		"CGO_ENABLED=0", "GOFLAGS=",
	}, "go", "run", nfpm, "package", "--config", "scripts/package/nfpm.yaml", "--packager", format, "--target", path)
	return path, err
}

func (r *release) path(format string) (string, error) {
	switch format {
	case "deb":
		return filepath.Join(dist, fmt.Sprintf("smtpbl_%s_%s.deb", r.version, r.arch)), nil
	case "rpm":
		arch := r.arch
		if other, ok := rpmArch[arch]; ok {
			arch = other
		}
		return filepath.Join(dist, fmt.Sprintf("smtpbl-%s.%s.rpm", r.version, arch)), nil
	}
	return "", fmt.Errorf("%q is no format: choose deb or rpm", format)
}
