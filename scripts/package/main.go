// Command package builds the packages that nfpm.yaml describes, of the tree
// that it is run in:
//
//	go run ./scripts/package [-arch ARCH] deb|rpm ...
//
// They come to lie in dist. Two builds of the same commit with the same Go are
// equal byte for byte, wherever they are made: paths are trimmed from the
// program, and every time in a package is that of the commit.
//
// $PACKAGE_VERSION and $SOURCE_DATE_EPOCH (reproducible-builds.org/specs) take the
// place of what git says, for a tree without it. $MAINTAINER is who stands behind
// the package.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	arch := flag.String("arch", "amd64", "processor, as Go names it")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./scripts/package [-arch ARCH] deb|rpm ...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := build(*arch, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "package: error:", err)
		os.Exit(1)
	}
}

// defaultMaintainer is whom a package names where $MAINTAINER does not.
const defaultMaintainer = "The smtpbl authors <smtpbl@users.noreply.github.com>"

// build makes the packages of the given formats.
func build(arch string, formats []string) error {
	if len(formats) == 0 {
		return errors.New("which package? deb, rpm or both")
	}
	r, err := thisRelease(arch)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(stage) }()
	if err := r.prepare(); err != nil {
		return err
	}
	for _, format := range formats {
		path, err := r.pack(format)
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, path)
	}
	return nil
}
