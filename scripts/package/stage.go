package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

const (
	// dist is where packages come to lie.
	dist = "dist"
	// stage is where nfpm.yaml finds what is made for a package.
	stage = dist + "/stage"
	// installed is where a package puts the program.
	installed = "/usr/sbin/smtpbl"
)

// prepare makes the files below stage.
func (r *release) prepare() error {
	if err := os.RemoveAll(stage); err != nil {
		return fmt.Errorf("clear the stage: %w", err)
	}
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return fmt.Errorf("make the stage: %w", err)
	}
	for _, step := range []func() error{r.compile, r.ask, r.manuals, r.changelog, r.notices} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// compile builds the program for the package, and for this machine too if that
// cannot run it.
func (r *release) compile() error {
	if err := r.goBuild("smtpbl", "GOOS=linux", "GOARCH="+r.arch); err != nil || r.arch == runtime.GOARCH {
		return err
	}
	return r.goBuild("smtpbl-here", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}

func (r *release) goBuild(name string, env ...string) error {
	_, err := output(append(env, "CGO_ENABLED=0", "GOFLAGS="), "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X main.buildVersion="+r.version, "-o", filepath.Join(stage, name), "./cmd/smtpbl")
	return err
}

// ask has the program print what it knows itself: its unit and how shells
// complete its command line.
func (r *release) ask() error {
	program := "./" + stage + "/smtpbl"
	if r.arch != runtime.GOARCH {
		program += "-here"
	}
	for name, args := range map[string][]string{
		"smtpbl.service":  {"unit", "--binary", installed},
		"completion.bash": {"completion", "bash"},
		"completion.zsh":  {"completion", "zsh"},
		"completion.fish": {"completion", "fish"},
	} {
		out, err := output(nil, program, args...)
		if err != nil {
			return err
		}
		if err := put(name, out); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) manuals() error {
	for _, page := range []string{"smtpbl.8", "smtpbl.toml.5"} {
		text, err := os.ReadFile(filepath.Join("cmd/smtpbl/internal/man", page))
		if err != nil {
			return fmt.Errorf("read a man page: %w", err)
		}
		if err := putCompressed(page+".gz", text); err != nil {
			return err
		}
	}
	return nil
}

func put(name string, content []byte) error {
	if err := os.WriteFile(filepath.Join(stage, name), content, 0o644); err != nil {
		return fmt.Errorf("write a file of the package: %w", err)
	}
	return nil
}

// putCompressed compresses like "gzip -9n", as Debian's policy wants it for man
// pages and changelogs (sections 12.1 and 12.7): without name and time.
func putCompressed(name string, content []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return fmt.Errorf("compress %s: %w", name, err)
	}
	return put(name, b.Bytes())
}
