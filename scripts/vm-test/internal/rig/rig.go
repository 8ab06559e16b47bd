// Package rig brings together what package image makes and package vm runs.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/image"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/vm"
)

// Rig makes machines.
type Rig struct {
	dir   string // agent and initrds, as long as the rig lives
	agent string
	say   func(format string, args ...any)

	making sync.Mutex // one machine at a time
	cache  *image.Cache
	accel  *vm.Accel // nil until a kernel was there to find out

	// Artefacts is where machines keep what tells of a failure.
	Artefacts string
}

// Open checks the tools and builds the agent; Close must be called.
func Open(ctx context.Context, artefacts string, say func(format string, args ...any)) (*Rig, error) {
	if err := image.CheckTools(); err != nil {
		return nil, err
	}
	cache, err := image.OpenCache(say)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "vm-rig-")
	if err != nil {
		return nil, err
	}
	r := &Rig{cache: cache, dir: dir, agent: filepath.Join(dir, "agent"), say: say, Artefacts: artefacts}
	if err = image.BuildAgent(ctx, r.agent); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Folder is where what is made for these machines can lie, until Close.
func (r *Rig) Folder() string { return r.dir }

// Close removes what the rig made; its machines must be closed before.
func (r *Rig) Close() error {
	r.cache.Close()
	return os.RemoveAll(r.dir)
}

// Machine is a machine of the rig with what it is made of.
type Machine struct {
	*vm.VM
	Kernel image.Kernel
	System image.System
	Accel  vm.Accel
}

// Machine makes a machine of a row, which is off. Its name, which no other machine
// has, begins with the row. An error wraps image.ErrUnreachable where the archive
// does not have what it is made of.
func (r *Rig) Machine(ctx context.Context, row Row, name string) (*Machine, error) {
	r.making.Lock()
	defer r.making.Unlock()
	m := &Machine{}
	var err error
	if m.Kernel, err = r.cache.Kernel(ctx, row.Kernel); err != nil {
		return nil, err
	}
	if m.System, err = r.cache.System(ctx, row.Suite); err != nil {
		return nil, err
	}
	if m.Accel, err = r.probe(ctx, m.Kernel); err != nil {
		return nil, err
	}
	initrd := filepath.Join(r.dir, "initrd-"+name)
	if err = m.Kernel.Initrd(r.agent, initrd); err != nil {
		return nil, fmt.Errorf("make an initrd: %w", err)
	}
	m.VM, err = vm.New(vm.Options{
		Name: name, Kernel: m.Kernel.Image(), Initrd: initrd, Modules: m.Kernel.Modules(),
		Disk: m.System.Disk(), Accel: m.Accel, Artefacts: r.Artefacts,
	})
	return m, err
}

// probe finds out once how processors can be had here.
func (r *Rig) probe(ctx context.Context, k image.Kernel) (vm.Accel, error) {
	if r.accel == nil {
		initrd := filepath.Join(r.dir, "probe")
		if err := image.Probe(initrd); err != nil {
			return vm.Accel{}, err
		}
		a := vm.Probe(ctx, k.Image(), initrd)
		r.accel = &a
		r.say("%s", a)
	}
	return *r.accel, nil
}

// Program compiles smtpbl, once, and returns the file.
func (r *Rig) Program(ctx context.Context, module string) (string, error) {
	file := filepath.Join(r.dir, "smtpbl")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	return file, gotest.BuildProgram(ctx, module, file)
}

// Tests compiles the tests of packages.
func (r *Rig) Tests(ctx context.Context, module string, packages ...string) ([]gotest.Binary, error) {
	return gotest.Build(ctx, module, r.dir, packages...)
}
